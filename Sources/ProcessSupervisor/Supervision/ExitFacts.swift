public import SystemPackage
public import SystemSupport

/// Something that the supervisor did to a run, and why.
public struct FiredAction: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case wallDeadline, cpuDeadline, outputLimit, cancelled
        /// A soft landing: the wall deadline was near.
        case deadlineNear
        /// A soft landing: the tree was pressed.
        case pressed
        /// SIGTERM was sent.
        case terminated
        /// All processes were killed.
        case killed
        /// Some process outlived the kill by the bound.
        case abandoned
    }
    public var kind: Kind
    public var at: MonotonicTime
    /// What had been used when a limit fired: microseconds of CPU time, bytes of output. Nil for other kinds.
    public var observed: Int64?

    public init(_ kind: Kind, at: MonotonicTime, observed: Int64? = nil) {
        self.kind = kind
        self.at = at
        self.observed = observed
    }
}

/// How a run went, as the kernel and our own clock tell it. Whether that was good or bad is for others to say.
public struct ExitFacts: Sendable {
    /// How the program ended.
    public enum Ending: Sendable, Hashable {
        case exited(code: CInt)
        case signaled(CInt, dumpedCore: Bool)
        /// It was never executed: execve(2) or the fork before it failed in pid 1.
        case notExecuted(Errno)
        /// pid 1 was killed before it could tell, with this signal; the program with it.
        case killedWithSandbox(signal: CInt)
        /// Still there after the kill and the bound.
        case unkillable
    }

    public var ending: Ending
    public var launchedAt: MonotonicTime
    /// When execve(2) of the program had succeeded, by pid 1's record; nil if it did not or pid 1 could not tell.
    public var startedAt: MonotonicTime?
    public var endedAt: MonotonicTime
    /// Processes that came to pid 1 because their parent was gone or never waited for them, and that a signal had ended
    /// which is no request to end (SIGHUP, SIGINT, SIGPIPE, SIGTERM are) and not ours. Nil: pid 1 could not tell.
    public var helpersKilled: Int?
    /// rusage of pid 1 and all that it waited for; nil while it is not waited for.
    public var resources: ResourceUsage?
    /// What we did, in order.
    public var actions: [FiredAction]
    public var stdout: CapturedStream
    public var stderr: CapturedStream

    /// The first reason for which we ended it; nil if it ended by itself.
    public var reason: FiredAction.Kind? {
        actions.first { ![.terminated, .killed, .abandoned].contains($0.kind) }?.kind
    }
}

/// getrusage(2), as wait(2) reports it.
public struct ResourceUsage: Sendable, Hashable {
    public var user: Duration
    public var system: Duration
    /// The largest resident set of any single process.
    public var maxResidentSet: ByteCount?
}

/// What came out of one stream: its beginning, its end, and the exact count.
public struct CapturedStream: Sendable, Hashable {
    public var head: [UInt8]
    /// The last bytes that the head does not hold.
    public var tail: [UInt8]
    public var totalBytes: UInt64

    public var isTruncated: Bool { UInt64(head.count + tail.count) < totalBytes }
    public var droppedBytes: UInt64 { totalBytes - UInt64(head.count + tail.count) }
}
