/// A cgroup file that holds a limit, and the controller that gives the file.
public enum LimitFile: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case cpuMax = "cpu.max"
    case cpuWeight = "cpu.weight"
    case memoryMax = "memory.max"
    case memoryHigh = "memory.high"
    case memorySwapMax = "memory.swap.max"
    case memoryOOMGroup = "memory.oom.group"
    case pidsMax = "pids.max"
    case ioMax = "io.max"
    case cpusetCPUs = "cpuset.cpus"

    public var description: String { rawValue }

    public var controller: Controller {
        switch self {
        case .cpuMax, .cpuWeight: .cpu
        case .memoryMax, .memoryHigh, .memorySwapMax, .memoryOOMGroup: .memory
        case .pidsMax: .pids
        case .ioMax: .io
        case .cpusetCPUs: .cpuset
        }
    }
}

/// One value for one file.
struct LimitWrite: Sendable, Equatable {
    var file: LimitFile
    var value: String
}

extension CgroupLimits {
    /// The writes that carry out the request, in an order the kernel accepts.
    var writes: [LimitWrite] {
        var writes: [LimitWrite] = []
        func add(_ file: LimitFile, _ value: String?) {
            if let value { writes.append(LimitWrite(file: file, value: value)) }
        }
        add(.cpusetCPUs, cpus?.description)
        add(.cpuMax, cpu.map(KernelValue.cpuMax))
        add(.cpuWeight, cpuWeight?.description)
        add(.memoryMax, memory.map(KernelValue.text))
        add(.memoryHigh, memoryHigh.map(KernelValue.text))
        add(.memorySwapMax, swap.map(KernelValue.text))
        add(.memoryOOMGroup, oomGroup.map { $0 ? "1" : "0" })
        add(.pidsMax, pids?.description)
        // io.max takes one device a write.
        for limit in io { add(.ioMax, limit.line) }
        return writes
    }
}
