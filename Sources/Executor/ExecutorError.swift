import CgroupV2
import SeccompPolicy
public import SystemPackage
import SystemSupport

/// Why a run could not be made, or its results not be kept. A scanner that failed is a result, not an error.
public struct ExecutorError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The scanned tree: missing, no directory, a symlink, not readable by the sandbox.
        case target
        /// The output directory: exists with content, is a symlink, cannot be made, its disk is full.
        case output
        /// The program: not installed, not executable for the sandbox.
        case command
        /// A limit that this host cannot enforce, under `require`.
        case enforcement
        /// The host: no cgroup2, not root, no uid left.
        case host
        /// The seccomp profile.
        case seccomp
    }

    public var code: Code
    /// One sentence: the object, what is wrong, what to change.
    public var message: String
    /// True where another moment may not see it: no memory, no descriptor, no space.
    public var isTransient: Bool
    /// Of the call that failed, or that would have: ENOENT for a program that is not there.
    public var errno: Errno?

    public init(_ code: Code, _ message: String, isTransient: Bool = false, errno: Errno? = nil) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
        self.errno = errno
    }

    init(_ code: Code, _ error: SystemError, _ advice: String) {
        self.init(code, "\(error): \(advice)", isTransient: error.errno.isPassing, errno: error.errno)
    }

    /// Whatever a lower module threw, as one of ours.
    init(explaining error: any Error) {
        switch error {
        case let error as ExecutorError: self = error
        case let error as CgroupError:
            let code: Code = error.code == .invalidLimit || error.code == .missingController ? .enforcement : .host
            self.init(code, "\(error)", isTransient: error.code == .exhausted || error.code == .vanished)
        case let error as SeccompPolicyError: self.init(.seccomp, "\(error)")
        case let error as SystemError:
            self.init(.host, "\(error)", isTransient: error.errno.isPassing)
        default: self.init(.host, "\(error)")
        }
    }

    public var description: String { TerminalText.line(message) }
}

extension Errno {
    /// A shortage that another moment may not see.
    package var isPassing: Bool {
        [
            .resourceTemporarilyUnavailable, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace,
            .diskQuotaExceeded,
        ].contains(self)
    }
}
