import Glibc
import SystemSupport

/// Everything a cgroup tells about what it used. What the kernel does not report is nil, never zero.
public struct CgroupUsage: Sendable, Equatable {
    public var cpu: CPUUsage?
    public var memory: MemoryUsage?
    public var pids: PIDsUsage?
    public var io: IOUsage?
    /// cpu.pressure, memory.pressure, io.pressure: nil without PSI.
    public var cpuPressure: Pressure?
    public var memoryPressure: Pressure?
    public var ioPressure: Pressure?

    public init() {}
}

extension CgroupUsage {
    /// Reads all files of the cgroup; a removed one gives an empty usage.
    static func read(_ cgroup: borrowing CgroupDirectory) throws(CgroupError) -> CgroupUsage {
        var usage = CgroupUsage()
        usage.cpu = try cgroup.text("cpu.stat").map(CPUUsage.init(parsing:))
        if let current = try cgroup.text("memory.current") {
            usage.memory = try memory(cgroup, current: current)
        }
        if let current = try cgroup.text("pids.current") {
            usage.pids = PIDsUsage(
                current: KernelText.single(current), peak: try cgroup.text("pids.peak").flatMap(KernelText.single),
                refusedForks: try cgroup.text("pids.events").flatMap { KernelText.flatKeyed($0)["max"] })
        }
        usage.io = try cgroup.text("io.stat").map(IOUsage.init(parsing:))
        usage.cpuPressure = try cgroup.text("cpu.pressure").flatMap(Pressure.init(parsing:))
        usage.memoryPressure = try cgroup.text("memory.pressure").flatMap(Pressure.init(parsing:))
        usage.ioPressure = try cgroup.text("io.pressure").flatMap(Pressure.init(parsing:))
        return usage
    }

    private static func memory(
        _ cgroup: borrowing CgroupDirectory, current: String
    ) throws(CgroupError) -> MemoryUsage {
        MemoryUsage(
            current: ByteCount(kernelText: current),
            peak: try cgroup.text("memory.peak").flatMap(ByteCount.init(kernelText:)),
            swap: try cgroup.text("memory.swap.current").flatMap(ByteCount.init(kernelText:)),
            events: try cgroup.text("memory.events").map(MemoryEvents.init(parsing:)),
            localEvents: try cgroup.text("memory.events.local").map(MemoryEvents.init(parsing:)),
            stat: try cgroup.text("memory.stat").map(KernelText.flatKeyed))
    }
}
