public import SystemSupport

/// A share of processor against siblings, 1 to 10000; the kernel's default is 100
/// (Documentation/admin-guide/cgroup-v2.rst, cpu.weight).
public struct CPUWeight: Sendable, Hashable, CustomStringConvertible {
    public let value: Int

    /// Nil outside 1...10000.
    public init?(_ value: Int) {
        guard (1...10_000).contains(value) else { return nil }
        self.value = value
    }

    public var description: String { "\(value)" }
}

/// A number of tasks (processes and threads) in a cgroup, 1 to 4194304, the kernel's PID_MAX_LIMIT
/// (Documentation/admin-guide/cgroup-v2.rst, pids.max).
public struct TaskCount: Sendable, Hashable, CustomStringConvertible {
    public let value: Int

    /// Nil outside 1...4194304: under 0 nothing could ever start.
    public init?(_ value: Int) {
        guard (1...4_194_304).contains(value) else { return nil }
        self.value = value
    }

    public var description: String { "\(value)" }
}

/// Input or output operations a second, 1 to 4294967294 (Documentation/admin-guide/cgroup-v2.rst, io.max riops, wiops).
public struct OperationRate: Sendable, Hashable, CustomStringConvertible {
    public let perSecond: UInt32

    /// Nil for 0, which the kernel refuses, and for UInt32.max, which it reads as no limit.
    public init?(perSecond: UInt32) {
        if perSecond == 0 || perSecond == .max { return nil }
        self.perSecond = perSecond
    }

    public var description: String { "\(perSecond)" }
}

/// What one device may give a cgroup. Nil leaves the kernel's value; the device must be a whole disk, no partition
/// (Documentation/admin-guide/cgroup-v2.rst, io.max).
public struct IOLimit: Sendable, Hashable {
    public var device: BlockDevice
    /// rbps: bytes read a second.
    public var readBytes: Limit<ByteCount>?
    /// wbps: bytes written a second.
    public var writeBytes: Limit<ByteCount>?
    /// riops: reads a second.
    public var readOperations: Limit<OperationRate>?
    /// wiops: writes a second.
    public var writeOperations: Limit<OperationRate>?

    public init(
        device: BlockDevice, readBytes: Limit<ByteCount>? = nil, writeBytes: Limit<ByteCount>? = nil,
        readOperations: Limit<OperationRate>? = nil, writeOperations: Limit<OperationRate>? = nil
    ) {
        self.device = device
        self.readBytes = readBytes
        self.writeBytes = writeBytes
        self.readOperations = readOperations
        self.writeOperations = writeOperations
    }

    /// The line for io.max; nil where nothing is requested.
    var line: String? {
        var words: [String] = []
        if let readBytes { words.append("rbps=\(KernelValue.text(readBytes))") }
        if let writeBytes { words.append("wbps=\(KernelValue.text(writeBytes))") }
        if let readOperations { words.append("riops=\(readOperations)") }
        if let writeOperations { words.append("wiops=\(writeOperations)") }
        return words.isEmpty ? nil : "\(device) " + words.joined(separator: " ")
    }
}

/// How values are written to cgroup files.
enum KernelValue {
    /// Bytes as a plain number; `ByteCount` itself prints units for people.
    static func text(_ limit: Limit<ByteCount>) -> String {
        switch limit {
        case .value(let size): "\(size.bytes)"
        case .max: "max"
        }
    }

    /// cpu.max: quota and period in microseconds. 100 ms is the kernel's default period; its smallest quota is 1 ms, so
    /// less than a hundredth of a core needs the longest period, 1 s.
    static func cpuMax(_ limit: Limit<CPUCount>) -> String {
        guard let count = limit.finite else { return "max 100000" }
        return count.millicores < 10 ? "\(count.millicores * 1000) 1000000" : "\(count.millicores * 100) 100000"
    }
}
