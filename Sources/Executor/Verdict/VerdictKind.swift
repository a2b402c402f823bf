/// How a run ended, in one word. The raw values are part of the report's contract.
public enum VerdictKind: String, Sendable, Hashable, CaseIterable {
    /// The scanner finished and found nothing.
    case clean
    /// The scanner finished and found something.
    case findings
    /// The scanner ended with a code that its table does not call a success.
    case scannerError = "scanner_error"
    /// Our wall deadline ended the run.
    case timedOut = "timed_out"
    /// The run used up its processor time.
    case cpuExhausted = "cpu_exhausted"
    /// The kernel killed for lack of memory under the run's limit.
    case oomKilled = "oom_killed"
    /// A fork or thread was refused at the limit, and the run failed.
    case pidsExhausted = "pids_exhausted"
    /// The run printed more than it may.
    case outputExceeded = "output_exceeded"
    /// A signal that nothing of ours sent ended the scanner.
    case signaled
    /// The filter ended the scanner for a system call.
    case seccompViolation = "seccomp_violation"
    /// The scanner never started.
    case launchFailed = "launch_failed"
    /// Processes were left after the bound for cleaning up.
    case cleanupFailed = "cleanup_failed"
    /// An operator, the shutdown or a lost lock ended the run.
    case cancelled
    /// The task could not be run by anybody: payload, unknown scanner, forbidden target.
    case invalidTask = "invalid_task"

    /// True where the scanner did its work: `clean` and `findings`.
    public var isSuccess: Bool { self == .clean || self == .findings }
}

/// What a failure means for the next attempt and for the circuit breaker.
public enum FailureClass: String, Sendable, Hashable, CaseIterable {
    /// No failure, or none that a scanner is to blame for.
    case none
    /// May pass when tried again.
    case transient
    /// Will not pass by itself; opens the breaker at once when it repeats.
    case critical
}
