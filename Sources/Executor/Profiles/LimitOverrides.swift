public import CgroupV2
public import SystemSupport

/// Limits as somebody gave them: any of them, none required. A profile's `limits` and `deadlines` are read into one, and so
/// are the command line's `--memory 1GiB`, which then replace the profile's for one run.
public struct LimitOverrides: Sendable, Hashable {
    /// The limits that one value can express. The raw value is the key in a profile; in an option `_` is `-`.
    public enum Key: String, Sendable, CaseIterable {
        case cpu
        case cpuWeight = "cpu_weight"
        case memory
        case memoryHigh = "memory_high"
        case swap, pids, cpuset, tmp
        case tmpInodes = "tmp_inodes"
        case out
        case outInodes = "out_inodes"
        case openFiles = "open_files"
        case fileSize = "file_size"
        case printed
        case wall
        /// `deadlines.cpu` in a profile.
        case cpuTime = "cpu_time"
        case grace

        /// `--memory-high`.
        public var option: String { "--" + String(rawValue.map { $0 == "_" ? "-" : $0 }) }

        /// True for the keys below `deadlines` in a profile, false for those below `limits`.
        var isDeadline: Bool { self == .wall || self == .cpuTime || self == .grace }

        /// True for what `minimum` and `maximum` can name. `memory_high` is held to `memory`'s minimum, and processors are a
        /// set without an order.
        var canBeBounded: Bool { self != .memoryHigh && self != .cpuset }

        /// The key's place in a profile.
        public var path: String {
            switch self {
            case .cpuTime: "deadlines.cpu"
            case .wall, .grace: "deadlines.\(rawValue)"
            default: "limits.\(rawValue)"
            }
        }
    }

    public var cpu: CPUCount?
    public var cpuWeight: Int?
    public var memory: ByteCount?
    public var memoryHigh: ByteCount?
    public var swap: ByteCount?
    /// `limits.oom_group`; no option gives it.
    public var oomGroup: Bool?
    public var pids: Int?
    public var cpuset: CPUList?
    public var io: [IOLimit]?
    public var tmp: ByteCount?
    public var tmpInodes: Int?
    public var out: ByteCount?
    public var outInodes: Int?
    public var openFiles: Int?
    public var fileSize: ByteCount?
    public var printed: ByteCount?
    public var wall: Duration?
    public var cpuTime: Duration?
    public var grace: Duration?

    public init() {}

    /// Reads one limit from the command line. The error names the option and says what would be right.
    public mutating func set(_ key: Key, option text: String) throws(ProfileError) {
        do throws(ValueProblem) {
            try set(key, to: text)
        } catch {
            throw ProfileError(.invalidLimit, key.option, [ProfileProblem(error.message)])
        }
    }

    /// Units and ranges of every single limit; how they fit together is checked once all are known.
    mutating func set(_ key: Key, to text: String) throws(ValueProblem) {
        switch key {
        case .cpu: cpu = try LimitValues.cores(text)
        case .cpuWeight: cpuWeight = try LimitValues.count(text, 1...10_000)
        case .memory: memory = try LimitValues.bytes(text, .mebibytes(4) ... .greatest)
        case .memoryHigh: memoryHigh = try LimitValues.bytes(text, .mebibytes(2) ... .greatest)
        case .swap: swap = try LimitValues.bytes(text, .bytes(0) ... .greatest)
        case .pids: pids = try LimitValues.count(text, 2...4_194_304)  // our pid 1 and the scanner; PID_MAX_LIMIT
        case .cpuset:
            guard let set = CPUList(parsing: text) else {
                throw ValueProblem("\(ValueProblem.quoted(text)) is not a set of processors: write 0-3 or 0,2,4-5")
            }
            cpuset = set
        case .tmp: tmp = try LimitValues.bytes(text, .kibibytes(64) ... .greatest)
        case .tmpInodes: tmpInodes = try LimitValues.count(text, 16...16_777_216)
        case .out: out = try LimitValues.bytes(text, .kibibytes(64) ... .greatest)
        case .outInodes: outInodes = try LimitValues.count(text, 16...16_777_216)
        case .openFiles: openFiles = try LimitValues.count(text, 16...1_048_576)  // fs.nr_open's default
        case .fileSize: fileSize = try LimitValues.bytes(text, .kibibytes(64) ... .greatest)
        case .printed: printed = try LimitValues.bytes(text, .kibibytes(1) ... .greatest)
        case .wall: wall = try LimitValues.duration(text, .milliseconds(100) ... .seconds(7 * 86_400), "100ms to 168h")
        case .cpuTime:
            cpuTime = try LimitValues.duration(text, .milliseconds(100) ... .seconds(70 * 86_400), "100ms to 1680h")
        case .grace: grace = try LimitValues.duration(text, .zero ... .seconds(600), "0s to 10m")
        }
    }

    /// The limits with these put in place of theirs.
    ///
    /// A lower `memory` alone drops a `memory_high` that no longer lies below it, and lowers `tmp` and `out` to it: the lower
    /// limit was meant, and the kernel would never reach the others.
    func applied(to limits: ScannerLimits) -> ScannerLimits {
        var result = limits
        result.cpu = cpu ?? result.cpu
        result.cpuWeight = cpuWeight ?? result.cpuWeight
        result.memory = memory ?? result.memory
        result.memoryHigh = memoryHigh ?? result.memoryHigh
        if let memory {
            if memoryHigh == nil, let high = result.memoryHigh, high >= memory { result.memoryHigh = nil }
            result.tmp = min(result.tmp, memory)
            result.out = min(result.out, memory)
        }
        result.swap = swap ?? result.swap
        result.oomGroup = oomGroup ?? result.oomGroup
        result.pids = pids ?? result.pids
        result.cpuset = cpuset ?? result.cpuset
        result.io = io ?? result.io
        result.tmp = tmp ?? result.tmp
        result.tmpInodes = tmpInodes ?? result.tmpInodes
        result.out = out ?? result.out
        result.outInodes = outInodes ?? result.outInodes
        result.openFiles = openFiles ?? result.openFiles
        result.fileSize = fileSize ?? result.fileSize
        result.printed = printed ?? result.printed
        return result
    }

    /// As ``applied(to:)-(ScannerLimits)``, for the deadlines.
    func applied(to deadlines: Deadlines) -> Deadlines {
        Deadlines(wall: wall ?? deadlines.wall, cpu: cpuTime ?? deadlines.cpu, grace: grace ?? deadlines.grace)
    }

    /// The limits and deadlines of one run, or the reasons why they contradict each other. `subject` is named in the error.
    public func applied(
        to limits: ScannerLimits, _ deadlines: Deadlines, subject: String
    ) throws(ProfileError) -> (limits: ScannerLimits, deadlines: Deadlines) {
        let result = (limits: applied(to: limits), deadlines: applied(to: deadlines))
        let contradictions = LimitOverrides.contradictions(result.limits, result.deadlines)
        if contradictions.isEmpty { return result }
        throw ProfileError(.invalidLimit, subject, contradictions.map { ProfileProblem(key: $0.key.path, $0.message) })
    }

    /// Limits that are each possible and not together.
    static func contradictions(_ limits: ScannerLimits, _ deadlines: Deadlines) -> [(key: Key, message: String)] {
        var found: [(key: Key, message: String)] = []
        if let high = limits.memoryHigh, high >= limits.memory {
            found.append(
                (.memoryHigh, "\(high) must be below limits.memory, which is \(limits.memory), to be of any effect"))
        }
        for (key, size) in [(.tmp, limits.tmp), (.out, limits.out)] as [(Key, ByteCount)] where size > limits.memory {
            found.append(
                (key, "\(size) can never be used: the files count towards limits.memory, which is \(limits.memory)"))
        }
        if let size = limits.fileSize, size > limits.tmp && size > limits.out {
            found.append(
                (
                    .fileSize,
                    "\(size) is more than /tmp (\(limits.tmp)) and /out (\(limits.out)) hold, so it limits nothing"
                ))
        }
        return found
    }
}

extension ByteCount {
    /// 2^63-1, the kernel's own greatest limit in bytes being just below (PAGE_COUNTER_MAX).
    static var greatest: ByteCount { ByteCount(.max) ?? .bytes(.max) }
}
