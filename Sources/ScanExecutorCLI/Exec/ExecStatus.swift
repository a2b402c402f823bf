import Executor
import SystemPackage

/// The exit code of `exec` for a run that was made: the first row that holds.
///
/// | row | holds when | status |
/// | --- | --- | --- |
/// | 1 | something outlived the clean-up | 125 |
/// | 2 | we were told to stop | 128 + the signal that we got |
/// | 3 | a deadline (wall, CPU time) or `--printed` ended it | 124 |
/// | 4 | execve(2) failed: ENOENT | 127 |
/// | 5 | execve(2) failed otherwise, and not for want of memory | 126 |
/// | 6 | another step of the launch failed | 125 |
/// | 7 | a signal ended the command, the OOM killer's SIGKILL and the filter's SIGSYS among them | 128 + signal |
/// | 8 | it exited | its code |
enum ExecStatus {
    static func of(_ verdict: Verdict, interruptedBy signal: Int32?) -> ExitStatus {
        switch verdict.kind {
        case .cleanupFailed, .invalidTask: return .sandboxFailed
        case .cancelled: return signal.map(ExitStatus.signal) ?? .sandboxFailed
        case .timedOut, .cpuExhausted, .outputExceeded: return .deadline
        case .launchFailed:
            if verdict.step != "exec" || verdict.failureClass == .transient { return .sandboxFailed }
            return verdict.errno == .noSuchFileOrDirectory ? .notFound : .notExecutable
        default: break
        }
        if let signal = verdict.signal { return .signal(signal) }
        return verdict.exitCode.map { ExitStatus(code: $0) } ?? .sandboxFailed
    }

    /// The status for a sandbox that could not be made.
    static func failure(_ error: any Error) -> ExitStatus {
        guard let error = error as? ExecutorError, error.code == .command, !error.isTransient else {
            return .sandboxFailed
        }
        return error.errno == .noSuchFileOrDirectory ? .notFound : .notExecutable
    }
}
