import CgroupV2
import Executor
import SeccompPolicy
import SystemSupport

/// What this process ends with. The codes of `scan` are those of <sysexits.h> where it has one.
struct ExitStatus: Sendable, Hashable {
    var code: Int32

    static let success = ExitStatus(code: 0)
    /// `scan`: the scanner found something.
    static let findings = ExitStatus(code: 1)
    /// `scan`: the scanner failed, and it is the scanner's own failure or one that will come back.
    static let scannerFailed = ExitStatus(code: 2)
    /// EX_USAGE: the command line, or a path on it.
    static let usage = ExitStatus(code: 64)
    /// EX_UNAVAILABLE: the host lacks something, or the scanner is not installed.
    static let unavailable = ExitStatus(code: 69)
    /// EX_SOFTWARE: our own work failed.
    static let software = ExitStatus(code: 70)
    /// EX_TEMPFAIL: the next attempt may succeed.
    static let tryAgain = ExitStatus(code: 75)
    /// EX_CONFIG: a profile, a seccomp profile or a setting.
    static let configuration = ExitStatus(code: 78)

    /// `exec`, as timeout(1) has them: a limit of ours ended it; we failed; not executable; not found.
    static let deadline = ExitStatus(code: 124)
    static let sandboxFailed = ExitStatus(code: 125)
    static let notExecutable = ExitStatus(code: 126)
    static let notFound = ExitStatus(code: 127)

    /// A shell's way to say that a signal ended it.
    static func signal(_ number: Int32) -> ExitStatus { ExitStatus(code: 128 + number) }
}

extension ExitStatus {
    /// The status for work that could not be done, in every verb but `exec`.
    static func failure(_ error: any Error) -> ExitStatus {
        switch error {
        case let error as ExecutorError: failure(error)
        case let error as ProfileError: failure(error.code)
        case is SeccompPolicyError, is SettingsError, is ConfigurationError: .configuration
        case let error as CgroupError: failure(error.code)
        case is InputError: .usage
        case let error as SystemError where error.errno.isPassing: .tryAgain
        default: .software
        }
    }

    private static func failure(_ error: ExecutorError) -> ExitStatus {
        if error.isTransient { return .tryAgain }
        return switch error.code {
        case .target, .output: .usage
        case .command, .enforcement, .host: .unavailable
        case .seccomp: .configuration
        }
    }

    private static func failure(_ code: ProfileError.Code) -> ExitStatus {
        switch code {
        case .invalidName, .invalidLimit: .usage
        case .notFound, .unreadable, .malformed, .invalid: .configuration
        }
    }

    private static func failure(_ code: CgroupError.Code) -> ExitStatus {
        switch code {
        case .exhausted: .tryAgain
        case .notCgroup2, .invalidName, .invalidLimit: .configuration
        case .alreadyExists, .vanished, .system: .software
        case .noMount, .privateNamespace, .notDelegated, .threaded, .occupied, .missingController: .unavailable
        }
    }
}

/// Something given on the command line that the parser could not know to be wrong.
struct InputError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
