// SeccompPolicy
