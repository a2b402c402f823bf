public import CgroupV2
public import SystemSupport

/// The value of one limit, of whatever kind, so that limits can be compared and shown key by key.
public enum LimitAmount: Sendable, Hashable, CustomStringConvertible {
    case cores(CPUCount)
    case size(ByteCount)
    case count(Int)
    case time(Duration)
    case processors(CPUList)

    /// True for more than `other`; for processors, where some are not among the other's. False between different kinds,
    /// which no two values of one key are.
    public func exceeds(_ other: LimitAmount) -> Bool {
        switch (self, other) {
        case (.cores(let own), .cores(let most)): own > most
        case (.size(let own), .size(let most)): own > most
        case (.count(let own), .count(let most)): own > most
        case (.time(let own), .time(let most)): own > most
        case (.processors(let own), .processors(let all)):
            !own.ranges.allSatisfy { range in
                all.ranges.contains { $0.contains(range.lowerBound) && $0.contains(range.upperBound) }
            }
        default: false
        }
    }

    /// As a profile would write it: `512MiB`, `1.5`, `600s`.
    public var description: String {
        switch self {
        case .cores(let cores): "\(cores)"
        case .size(let size): "\(size)"
        case .count(let count): "\(count)"
        case .time(let time): time.shortText
        case .processors(let list): "\(list)"
        }
    }
}

extension LimitOverrides {
    /// The limit of that key, where one was given.
    public func amount(_ key: Key) -> LimitAmount? {
        switch key {
        case .cpu: cpu.map { .cores($0) }
        case .cpuWeight: cpuWeight.map { .count($0) }
        case .memory: memory.map { .size($0) }
        case .memoryHigh: memoryHigh.map { .size($0) }
        case .swap: swap.map { .size($0) }
        case .pids: pids.map { .count($0) }
        case .cpuset: cpuset.map { .processors($0) }
        case .tmp: tmp.map { .size($0) }
        case .tmpInodes: tmpInodes.map { .count($0) }
        case .out: out.map { .size($0) }
        case .outInodes: outInodes.map { .count($0) }
        case .openFiles: openFiles.map { .count($0) }
        case .fileSize: fileSize.map { .size($0) }
        case .printed: printed.map { .size($0) }
        case .wall: wall.map { .time($0) }
        case .cpuTime: cpuTime.map { .time($0) }
        case .grace: grace.map { .time($0) }
        }
    }
}

extension LimitOverrides.Key {
    /// The limit of this key among all of a run's; nil: not limited.
    public func amount(in limits: ScannerLimits, _ deadlines: Deadlines) -> LimitAmount? {
        switch self {
        case .cpu: .cores(limits.cpu)
        case .cpuWeight: limits.cpuWeight.map { .count($0) }
        case .memory: .size(limits.memory)
        case .memoryHigh: limits.memoryHigh.map { .size($0) }
        case .swap: .size(limits.swap)
        case .pids: .count(limits.pids)
        case .cpuset: limits.cpuset.map { .processors($0) }
        case .tmp: .size(limits.tmp)
        case .tmpInodes: .count(limits.tmpInodes)
        case .out: .size(limits.out)
        case .outInodes: .count(limits.outInodes)
        case .openFiles: .count(limits.openFiles)
        case .fileSize: limits.fileSize.map { .size($0) }
        case .printed: .size(limits.printed)
        case .wall: .time(deadlines.wall)
        case .cpuTime: deadlines.cpu.map { .time($0) }
        case .grace: .time(deadlines.grace)
        }
    }
}
