extension RunFacts {
    /// `some` totals of `/proc/pressure`, in microseconds since the boot. Nil: not reported.
    public struct HostPressure: Sendable, Equatable {
        public var cpu: Int64?
        public var memory: Int64?
        public var io: Int64?

        public init(cpu: Int64? = nil, memory: Int64? = nil, io: Int64? = nil) {
            self.cpu = cpu
            self.memory = memory
            self.io = io
        }
    }

    /// What slowed the run down, in microseconds over its life. Nil: not reported.
    public struct Slowness: Sendable, Equatable {
        /// On the clock, launch to end.
        public var wall: Int64
        /// `full` of the run's cpu.pressure: on a processor where some of its threads were ready to run, none did. Its own
        /// threads waiting for each other are not in it.
        public var cpuFull: Int64?
        /// `throttled_usec` of cpu.stat: held back by its own quota, summed over the processors. Zero where no quota is in
        /// force.
        public var throttled: Int64?
        /// `full` of its io.pressure.
        public var ioFull: Int64?
        /// Whether an io limit of its own is in force.
        public var hasIOLimit: Bool
        /// `full` of its memory.pressure.
        public var memoryFull: Int64?
        /// Whether it reached a memory limit of its own: `high` or `max` rose in memory.events.
        public var reachedMemoryLimit: Bool
        /// Whether a cap on several runs together is configured above this one: it holds runs back as others would, and nobody
        /// can tell its part from the host's.
        public var hasCPUCap = false
        public var hasMemoryCap = false
        /// Of the host, before and after: for people, it decides nothing.
        public var hostBefore: HostPressure
        public var hostAfter: HostPressure

        public init(
            wall: Int64, cpuFull: Int64? = nil, throttled: Int64? = nil, ioFull: Int64? = nil,
            hasIOLimit: Bool = false, memoryFull: Int64? = nil, reachedMemoryLimit: Bool = false,
            hostBefore: HostPressure = HostPressure(), hostAfter: HostPressure = HostPressure()
        ) {
            self.wall = wall
            self.cpuFull = cpuFull
            self.throttled = throttled
            self.ioFull = ioFull
            self.hasIOLimit = hasIOLimit
            self.memoryFull = memoryFull
            self.reachedMemoryLimit = reachedMemoryLimit
            self.hostBefore = hostBefore
            self.hostAfter = hostAfter
        }
    }
}
