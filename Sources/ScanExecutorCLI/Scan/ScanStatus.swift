import Executor

/// The exit code of `scan` for a run that was made.
///
/// | verdict | status |
/// | --- | --- |
/// | `clean` | 0 |
/// | `clean`, partial | 2: a process that the scanner relied on was killed, so nothing proves the tree clean |
/// | `findings`, partial or not | 1 |
/// | `scanner_error`, whatever its class | 2: the scanner itself says that it failed |
/// | `timed_out`, `cpu_exhausted`, `oom_killed`, `pids_exhausted`, `output_exceeded`, `signaled` (class transient) | 75 |
/// | `launch_failed` for want of memory, descriptors or space (transient) | 75 |
/// | `launch_failed` at exec | 69: the scanner cannot be executed here |
/// | `launch_failed` elsewhere | 70 |
/// | `seccomp_violation` | 2 |
/// | `cleanup_failed` | 70 |
/// | `cancelled` | 128 + the signal that we got |
/// | `invalid_task` | 64 |
///
/// So 75 is the report's failure class `transient`, and who reads 2 need not try again without changing something.
enum ScanStatus {
    static func of(_ verdict: Verdict, interruptedBy signal: Int32?) -> ExitStatus {
        switch verdict.kind {
        case .clean: verdict.partial ? .scannerFailed : .success
        case .findings: .findings
        case .scannerError, .seccompViolation: .scannerFailed
        case .timedOut, .cpuExhausted, .oomKilled, .pidsExhausted, .outputExceeded, .signaled: .tryAgain
        case .launchFailed where verdict.failureClass == .transient: .tryAgain
        case .launchFailed: verdict.step == "exec" ? .unavailable : .software
        case .cleanupFailed: .software
        case .cancelled: signal.map(ExitStatus.signal) ?? .tryAgain
        case .invalidTask: .usage
        }
    }
}
