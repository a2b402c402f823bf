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
    /// Ends the run early, so that the program can put away what it has. Nil: it runs into its limits.
    public var softLanding: SoftLanding?
    /// From the kill until the run is given up as unkillable.
    public var killBound: Duration
    /// How much of the beginning and of the end of each stream is kept.
    public var headBytes: Int
    public var tailBytes: Int

    public init(
        wall: Duration? = nil, cpu: Duration? = nil, output: ByteCount? = nil, grace: Duration = .seconds(5),
        softLanding: SoftLanding? = nil,
        killBound: Duration = .seconds(10), headBytes: Int = 64 << 10, tailBytes: Int = 64 << 10
    ) {
        self.wall = wall
        self.cpu = cpu
        self.output = output
        self.grace = grace
        self.softLanding = softLanding
        self.killBound = killBound
        self.headBytes = headBytes
        self.tailBytes = tailBytes
    }
}

extension SupervisionLimits {
    /// SIGTERM before a limit is reached, with a grace of its own, and then the kill.
    public struct SoftLanding: Sendable, Hashable {
        /// So long before the wall deadline. Nil: not for the deadline's sake.
        public var beforeWall: Duration?
        /// As soon as the ``ProcessTree`` says that it is pressed.
        public var whenPressed: Bool
        /// From this SIGTERM to the kill, unless the wall deadline's own grace is over first.
        public var grace: Duration

        public init(beforeWall: Duration?, whenPressed: Bool, grace: Duration) {
            self.beforeWall = beforeWall
            self.whenPressed = whenPressed
            self.grace = grace
        }
    }
}

/// All processes of a run, however they hide: in practice a cgroup, which this module does not know.
/// Called on the supervisor's thread: must not block.
public protocol ProcessTree: Sendable {
    /// Kills every process at once. Called again while some remain.
    func kill()
    /// User and system time of all of them so far, those that ended too; nil where it is not known.
    func cpuTime() -> Duration?
    /// A descriptor with a priority event (POLLPRI) whenever ``isPressed(_:)`` may have changed. The caller's own. Nil:
    /// this tree cannot tell.
    func openPressureEvents() -> OwnedDescriptor?
    /// Whether the run is at the edge of what it may have. Reads `events`, which arms the next one.
    func isPressed(_ events: borrowing OwnedDescriptor) -> Bool
    /// The run is about to get the SIGTERM of a soft landing: the last moment to see what it was doing.
    func willLand()
}

extension ProcessTree {
    public func openPressureEvents() -> OwnedDescriptor? { nil }
    public func isPressed(_ events: borrowing OwnedDescriptor) -> Bool { false }
    public func willLand() {}
}
