/// What one run used. Nil is what the kernel did not report; zero was measured.
public struct Usage: Sendable, Hashable {
    public var wallMilliseconds: Int64?
    public var cpuUserMicroseconds: Int64?
    public var cpuSystemMicroseconds: Int64?
    /// Time in which the CPU quota held the run back (`throttled_usec` of cpu.stat).
    public var throttledMicroseconds: Int64?
    public var memoryPeakBytes: Int64?
    public var oomKills: Int64?
    public var pidsPeak: Int64?
    public var ioReadBytes: Int64?
    public var ioWriteBytes: Int64?
    public var pressure: Pressure

    public init(pressure: Pressure = Pressure()) { self.pressure = pressure }

    /// Time for which the run stood still for want of a resource (Documentation/accounting/psi.rst).
    public struct Pressure: Sendable, Hashable {
        /// The `total` of the `some` and of the `full` line, in microseconds.
        public struct Stall: Sendable, Hashable {
            /// At least one task waited.
            public var someMicroseconds: Int64?
            /// All of them waited at once.
            public var fullMicroseconds: Int64?

            public init(someMicroseconds: Int64? = nil, fullMicroseconds: Int64? = nil) {
                self.someMicroseconds = someMicroseconds
                self.fullMicroseconds = fullMicroseconds
            }
        }

        public var cpu: Stall?
        public var memory: Stall?
        public var io: Stall?

        public init(cpu: Stall? = nil, memory: Stall? = nil, io: Stall? = nil) {
            self.cpu = cpu
            self.memory = memory
            self.io = io
        }
    }
}
