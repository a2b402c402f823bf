public import SystemSupport

/// What memory.* say (Documentation/admin-guide/cgroup-v2.rst).
public struct MemoryUsage: Sendable, Equatable {
    /// memory.current, with page cache and kernel memory.
    public var current: ByteCount?
    /// memory.peak: the highest ``current``; since Linux 5.19.
    public var peak: ByteCount?
    /// memory.swap.current.
    public var swap: ByteCount?
    /// memory.events: this cgroup and all below.
    public var events: MemoryEvents?
    /// memory.events.local: this cgroup alone.
    public var localEvents: MemoryEvents?
    /// memory.stat, key by key: `anon`, `file`, `pgmajfault`.
    public var stat: [String: UInt64]?

    public init(
        current: ByteCount? = nil, peak: ByteCount? = nil, swap: ByteCount? = nil, events: MemoryEvents? = nil,
        localEvents: MemoryEvents? = nil, stat: [String: UInt64]? = nil
    ) {
        self.current = current
        self.peak = peak
        self.swap = swap
        self.events = events
        self.localEvents = localEvents
        self.stat = stat
    }
}

/// How often each memory limit acted.
public struct MemoryEvents: Sendable, Equatable {
    /// Reclaimed although under memory.low.
    public var low: UInt64?
    /// Throttled at memory.high.
    public var high: UInt64?
    /// About to exceed memory.max.
    public var max: UInt64?
    /// Allocations that were to fail for lack of memory.
    public var oom: UInt64?
    /// Processes killed by any kind of OOM killer: the evidence for "ran out of memory".
    public var oomKill: UInt64?
    /// Kills of the whole cgroup (memory.oom.group).
    public var oomGroupKill: UInt64?

    /// Reads the text of memory.events; what it lacks is nil.
    public init(parsing text: String) {
        let values = KernelText.flatKeyed(text)
        low = values["low"]
        high = values["high"]
        max = values["max"]
        oom = values["oom"]
        oomKill = values["oom_kill"]
        oomGroupKill = values["oom_group_kill"]
    }
}

extension ByteCount {
    /// A size file: nil for `max`, for malformed text and for more than 2^63-1.
    init?(kernelText text: String) {
        guard let number = KernelText.single(text), let bytes = Int64(exactly: number) else { return nil }
        self.init(bytes)
    }
}
