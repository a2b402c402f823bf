public import SystemSupport

/// What is known of the caps above a run: limits of several runs together, in the cgroups above its own.
public struct CapFacts: Sendable, Equatable {
    /// One of those cgroups.
    public struct Level: Sendable, Equatable {
        /// Whose cap it is: `all bandit scans together`.
        public var name: String
        /// The cgroup, relative to the delegated root: `tasks/bandit`.
        public var cgroup: String
        /// The caps; nil where there is none of that kind.
        public var memory: ByteCount?
        public var pids: Int?
        /// `oom` of memory.events.local, before and after the run.
        public var oomBefore: Int64?
        public var oomAfter: Int64?
        /// `max` of pids.events.local, before and after the run. Nil before Linux 6.11.
        public var refusedBefore: Int64?
        public var refusedAfter: Int64?

        public init(name: String, cgroup: String, memory: ByteCount? = nil, pids: Int? = nil) {
            self.name = name
            self.cgroup = cgroup
            self.memory = memory
            self.pids = pids
        }
    }

    /// The type's first, then that of all.
    public var levels: [Level]
    /// `oom` of the run's own memory.events: allocations that failed at its own limit.
    public var ownOOM: Int64?
    /// The run's own `pids.peak` (Linux 6.1), and its limit.
    public var pidsPeak: Int64?
    public var pidsLimit: Int64?

    public init(levels: [Level]) { self.levels = levels }
}
