public import SystemSupport

/// What a cgroup may use. Nil is "not requested": the kernel's value stays. ``Limit/max`` is a request for no limit.
///
/// Names and meanings are those of Documentation/admin-guide/cgroup-v2.rst.
public struct CgroupLimits: Sendable, Hashable {
    /// cpu.max: processor time per 100 ms, over all cores.
    public var cpu: Limit<CPUCount>?
    /// cpu.weight: the share where siblings compete; the kernel's default is 100.
    public var cpuWeight: CPUWeight?
    /// memory.max: over it, reclaim, then the OOM killer. At least one page.
    public var memory: Limit<ByteCount>?
    /// memory.high: over it, throttling and reclaim, never a kill. Below ``memory`` where both are set.
    public var memoryHigh: Limit<ByteCount>?
    /// memory.swap.max: 0 keeps the cgroup out of swap.
    public var swap: Limit<ByteCount>?
    /// memory.oom.group: the OOM killer takes all of the cgroup or nothing of it.
    public var oomGroup: Bool?
    /// pids.max: processes and threads; over it, fork fails with EAGAIN.
    public var pids: Limit<TaskCount>?
    /// io.max, by device.
    public var io: [IOLimit]
    /// cpuset.cpus: the processors it may run on.
    public var cpus: CPUList?

    public init(
        cpu: Limit<CPUCount>? = nil, cpuWeight: CPUWeight? = nil, memory: Limit<ByteCount>? = nil,
        memoryHigh: Limit<ByteCount>? = nil, swap: Limit<ByteCount>? = nil, oomGroup: Bool? = nil,
        pids: Limit<TaskCount>? = nil, io: [IOLimit] = [], cpus: CPUList? = nil
    ) {
        self.cpu = cpu
        self.cpuWeight = cpuWeight
        self.memory = memory
        self.memoryHigh = memoryHigh
        self.swap = swap
        self.oomGroup = oomGroup
        self.pids = pids
        self.io = io
        self.cpus = cpus
    }

    /// No request at all.
    public static let none = CgroupLimits()

    /// Throws `invalidLimit` for what no kernel takes or no program can run under.
    public func validate() throws(CgroupError) {
        let page = ByteCount.kibibytes(4)
        for (file, limit) in [("memory.max", memory), ("memory.high", memoryHigh)] {
            if let size = limit?.finite, size < page {
                throw CgroupLimits.invalid(
                    file, "\(size)", "no process starts in less than a page; ask for more than \(page)")
            }
        }
        if let high = memoryHigh?.finite, let most = memory?.finite, high >= most {
            throw CgroupLimits.invalid(
                "memory.high", "\(high)",
                "it must be below memory.max (\(most)), or it never acts; lower it or leave it out")
        }
        var seen: Set<BlockDevice> = []
        for limit in io {
            for (key, rate) in [("rbps", limit.readBytes), ("wbps", limit.writeBytes)] where rate?.finite?.bytes == 0 {
                throw CgroupLimits.invalid(
                    "io.max", "\(limit.device) \(key)=0", "the kernel takes no rate of 0; ask for 1B or more")
            }
            if !seen.insert(limit.device).inserted {
                throw CgroupLimits.invalid("io.max", "\(limit.device)", "the device is there twice; give it one entry")
            }
        }
    }

    private static func invalid(_ file: String, _ value: String, _ advice: String) -> CgroupError {
        CgroupError(.invalidLimit, "set \(file) to", value, advice: advice)
    }
}
