// ExecutorTests
