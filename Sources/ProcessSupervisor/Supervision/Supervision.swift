public import SystemSupport

/// What a run may take before the supervisor ends it, and how it is ended.
public struct SupervisionLimits: Sendable, Hashable {
    /// Wall time from the launch. Nil: none.
    public var wall: Duration?
    /// CPU time of all its processes together, as the ``ProcessTree`` reports it. Nil: none.
    public var cpu: Duration?
    /// Bytes on stdout and stderr together. Nil: none; what is not kept is counted and dropped.
    public var output: ByteCount?
    /// From SIGTERM to the kill.
    public var grace: Duration
    /// From the kill until the run is given up as unkillable.
    public var killBound: Duration
    /// How much of the beginning and of the end of each stream is kept.
    public var headBytes: Int
    public var tailBytes: Int

    public init(
        wall: Duration? = nil, cpu: Duration? = nil, output: ByteCount? = nil, grace: Duration = .seconds(5),
        killBound: Duration = .seconds(10), headBytes: Int = 64 << 10, tailBytes: Int = 64 << 10
    ) {
        self.wall = wall
        self.cpu = cpu
        self.output = output
        self.grace = grace
        self.killBound = killBound
        self.headBytes = headBytes
        self.tailBytes = tailBytes
    }
}

/// All processes of a run, however they hide: in practice a cgroup, which this module does not know.
/// Called on the supervisor's thread: must not block.
public protocol ProcessTree: Sendable {
    /// Kills every process at once. Called again while some remain.
    func kill()
    /// User and system time of all of them so far, those that ended too; nil where it is not known.
    func cpuTime() -> Duration?
}
