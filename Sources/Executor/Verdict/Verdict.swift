public import SystemPackage

/// Why a run ended, with the evidence for it.
public struct Verdict: Sendable, Equatable {
    public var kind: VerdictKind
    public var failureClass: FailureClass
    /// What the scanner reports may be incomplete: it succeeded although a process it relied on was killed, or it ended by
    /// itself on the SIGTERM of a soft landing.
    public var partial: Bool
    /// Of a `timed_out`: whether the host, and not the run's own work or limits, kept it from its deadline. Nil: another
    /// kind, or not known.
    public var hostStarved: Bool?
    /// The scanner's own exit code; nil where it did not exit.
    public var exitCode: Int32?
    /// The signal that ended it; nil where it exited.
    public var signal: Int32?
    /// The step of the launch that failed.
    public var step: String?
    /// Why it failed.
    public var errno: Errno?
    /// The system call that the filter refused, where known.
    public var syscall: String?
    /// Never empty. The first item is what decided; what contradicts it or stands beside it follows.
    public var evidence: [Evidence]

    public init(
        kind: VerdictKind, failureClass: FailureClass, partial: Bool = false, hostStarved: Bool? = nil,
        exitCode: Int32? = nil, signal: Int32? = nil, step: String? = nil, errno: Errno? = nil, syscall: String? = nil,
        evidence: [Evidence]
    ) {
        self.kind = kind
        self.failureClass = failureClass
        self.partial = partial
        self.hostStarved = hostStarved
        self.exitCode = exitCode
        self.signal = signal
        self.step = step
        self.errno = errno
        self.syscall = syscall
        self.evidence = evidence
    }
}
