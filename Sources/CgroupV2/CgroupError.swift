public import SystemSupport

/// Why the cgroup work could not be done: a code for programs, one line for people with what to change, the errno
/// below.
///
/// A task that overran its limits is never an error here; that is in ``CgroupUsage``.
public struct CgroupError: Error, Sendable, Equatable {
    public enum Code: String, Sendable, Hashable {
        /// No cgroup2 file system is mounted, or none that this process can see its own place in.
        case noMount = "no_mount"
        /// The process is in a cgroup namespace that hides its place (`/..`).
        case privateNamespace = "private_namespace"
        /// The root belongs to somebody else: not delegated, not writable, read-only.
        case notDelegated = "not_delegated"
        /// The root is no directory of a cgroup2 file system, or a symlink.
        case notCgroup2 = "not_cgroup2"
        /// The root is threaded or an invalid domain: it cannot hold domain controllers.
        case threaded
        /// Processes of others live in the root itself, so controllers cannot be enabled below it.
        case occupied
        /// The kernel or the parent does not offer the controller.
        case missingController = "missing_controller"
        /// A name that cannot be a directory of its own.
        case invalidName = "invalid_name"
        /// A limit that no kernel could enforce or no program could run under.
        case invalidLimit = "invalid_limit"
        /// A leaf of that name exists.
        case alreadyExists = "already_exists"
        /// The cgroup was removed by somebody else.
        case vanished
        /// Out of descriptors, memory or cgroups for now: worth another try.
        case exhausted
        /// Any other failed system call.
        case system
    }

    public var code: Code
    /// What was tried, with its data: `write "67108864" to`.
    public var operation: String
    /// What it was done to: a path, mostly.
    public var object: String
    /// One sentence for the operator: what is wrong and what to change.
    public var advice: String
    /// The system call that failed, where one did.
    public var cause: SystemError?

    public init(
        _ code: Code, _ operation: String, _ object: String, advice: String, cause: SystemError? = nil
    ) {
        self.code = code
        self.operation = operation
        self.object = object
        self.advice = advice
        self.cause = cause
    }

    /// errno of the failed call, nil where none failed.
    public var errno: CInt? { cause?.errno.rawValue }
}

extension CgroupError {
    /// Wraps a failed call; the code follows from errno unless the caller knows better.
    init(_ cause: SystemError, code: Code? = nil, advice: String? = nil) {
        let derived = code ?? Code(errno: cause.errno.rawValue)
        self.init(
            derived, cause.operation, cause.object, advice: advice ?? derived.generalAdvice, cause: cause)
    }
}

extension CgroupError: CustomStringConvertible {
    public var description: String {
        if let cause { return "\(cause): \(advice)" }
        return "\(operation) \(object): \(advice)"
    }
}
