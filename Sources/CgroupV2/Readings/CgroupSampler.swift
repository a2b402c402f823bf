import Glibc
public import SystemSupport

/// A few numbers, cheap enough to read many times a second: for a live line and for CPU deadlines.
public struct CgroupSample: Sendable, Equatable {
    /// usage_usec of cpu.stat.
    public var cpu: Duration?
    /// memory.current.
    public var memory: ByteCount?
    /// pids.current: processes and threads.
    public var tasks: UInt64?

    public init(cpu: Duration? = nil, memory: ByteCount? = nil, tasks: UInt64? = nil) {
        self.cpu = cpu
        self.memory = memory
        self.tasks = tasks
    }
}

/// Reads samples of one cgroup through descriptors that stay open: three at most, one read(2) each.
///
/// Outlives the leaf without harm: after its removal every value is nil.
public struct CgroupSampler: ~Copyable, Sendable {
    private let cpu: OwnedDescriptor?
    private let memory: OwnedDescriptor?
    private let tasks: OwnedDescriptor?

    init(_ cgroup: borrowing CgroupDirectory) throws(CgroupError) {
        let cpu = try CgroupSampler.open("cpu.stat", cgroup)
        let memory = try CgroupSampler.open("memory.current", cgroup)
        let tasks = try CgroupSampler.open("pids.current", cgroup)
        self.cpu = consume cpu
        self.memory = consume memory
        self.tasks = consume tasks
    }

    /// Nil for each value that the kernel does not report.
    public borrowing func sample() -> CgroupSample {
        var sample = CgroupSample()
        if let text = CgroupSampler.text(cpu) { sample.cpu = CPUUsage(parsing: text).total }
        if let text = CgroupSampler.text(memory) { sample.memory = ByteCount(kernelText: text) }
        if let text = CgroupSampler.text(tasks) { sample.tasks = KernelText.single(text) }
        return sample
    }

    private static func open(_ name: String, _ cgroup: borrowing CgroupDirectory) throws(CgroupError)
        -> OwnedDescriptor?
    {
        do { return try cgroup.files.open(name, O_RDONLY) } catch {
            if error.errno.rawValue == ENOENT || error.errno.rawValue == ENODEV { return nil }
            throw CgroupError(error)
        }
    }

    /// A failed read means that the cgroup is gone: nothing to report.
    private static func text(_ file: borrowing OwnedDescriptor?) -> String? {
        switch file {
        case .some(let file): try? ControlText.read(file, object: "sample")
        case .none: nil
        }
    }
}
