import SystemSupport

/// How often the limits of one cgroup itself acted, as against those of a cgroup below or above it.
///
/// A run that was killed or refused a fork for a limit *above* it shows its own part: `oom_kill` rises, `oom` does not. Whose
/// limit it was stands in the `.local` file of that cgroup.
public struct CapEvents: Sendable, Equatable {
    /// `oom` of memory.events.local (Linux 5.2): allocations that were to fail at this memory.max.
    public var outOfMemory: UInt64?
    /// `max` of pids.events.local (Linux 6.11): forks refused at this pids.max. Before, the kernel counted them only where the
    /// forking process was.
    public var refusedForks: UInt64?

    public init(outOfMemory: UInt64? = nil, refusedForks: UInt64? = nil) {
        self.outOfMemory = outOfMemory
        self.refusedForks = refusedForks
    }

    static func read(_ cgroup: borrowing CgroupDirectory) throws(CgroupError) -> CapEvents {
        CapEvents(
            outOfMemory: try cgroup.text("memory.events.local").flatMap { KernelText.flatKeyed($0)["oom"] },
            refusedForks: try cgroup.text("pids.events.local").flatMap { KernelText.flatKeyed($0)["max"] })
    }
}

extension CgroupTree {
    /// Of all tasks together.
    public func capEvents() throws(CgroupError) -> CapEvents { try CapEvents.read(tasks) }

    /// Of the tasks of one type.
    public func capEvents(type: String) throws(CgroupError) -> CapEvents {
        try CapEvents.read(try typeDirectory(type).cgroup)
    }
}
