/// What pids.* say (Documentation/admin-guide/cgroup-v2.rst): processes and threads.
public struct PIDsUsage: Sendable, Equatable {
    /// pids.current.
    public var current: UInt64?
    /// pids.peak; since Linux 6.1.
    public var peak: UInt64?
    /// pids.events `max`: forks refused for the limit.
    public var refusedForks: UInt64?

    public init(current: UInt64? = nil, peak: UInt64? = nil, refusedForks: UInt64? = nil) {
        self.current = current
        self.peak = peak
        self.refusedForks = refusedForks
    }
}
