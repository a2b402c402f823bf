// SeccompPolicyTests
