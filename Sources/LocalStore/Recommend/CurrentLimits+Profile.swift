public import Executor
import SystemSupport

extension CurrentLimits {
    /// Those of a profile after whatever overrides it, and the profile's minimum.
    public init(_ limits: ScannerLimits, _ deadlines: Deadlines, minimum: [LimitOverrides.Key: StatedAmount] = [:]) {
        self.init()
        self.limits = [
            .memory: limits.memory.bytes, .pids: Int64(limits.pids), .out: limits.out.bytes,
            .printed: limits.printed.bytes, .wall: deadlines.wall.wholeMilliseconds,
        ]
        self.limits[.cpu] = deadlines.cpu?.wholeMicroseconds
        let keys: [(AuditMetric, LimitOverrides.Key)] = [
            (.memory, .memory), (.pids, .pids), (.out, .out), (.printed, .printed), (.wall, .wall), (.cpu, .cpuTime),
        ]
        for (metric, key) in keys { self.minimum[metric] = minimum[key].flatMap { Self.number($0.amount, metric) } }
    }

    /// In the metric's unit.
    private static func number(_ amount: LimitAmount, _ metric: AuditMetric) -> Int64? {
        switch amount {
        case .size(let size): size.bytes
        case .count(let count): Int64(count)
        case .time(let time): metric == .cpu ? time.wholeMicroseconds : time.wholeMilliseconds
        case .cores, .processors: nil
        }
    }
}
