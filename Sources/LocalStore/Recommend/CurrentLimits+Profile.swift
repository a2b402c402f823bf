public import Executor
import SystemSupport

extension CurrentLimits {
    /// Those of a scanner on this host, and what the configuration may set them to.
    public init(_ ladder: LimitLadder) {
        self.init(ladder.standing.limits, ladder.standing.deadlines)
        for (metric, key) in Self.keys {
            minimum[metric] = ladder.minimum(key).flatMap { Self.number($0.amount, metric) }
            maximum[metric] = ladder.ceiling(key).flatMap { Self.number($0.amount, metric) }
        }
        // At or above the whole deadline, the soft landing before it would be dropped.
        if let before = ladder.profile(with: ladder.standing).softLanding?.beforeDeadline {
            minimum[.wall] = max(minimum[.wall] ?? 0, (before + .seconds(1)).wholeMilliseconds)
        }
        refusal = { metric, value in
            let problems = ladder.problems { limits in
                switch metric {
                case .memory: limits.memory = ByteCount(value)
                case .pids: limits.pids = Int(value)
                case .printed: limits.printed = ByteCount(value)
                case .wall: limits.wall = .milliseconds(value)
                case .cpu: limits.cpuTime = .microseconds(value)
                case .out, .ioRead, .ioWrite: break
                }
            }
            return problems.first.map { ($0.key.map { "\($0): " } ?? "") + $0.message }
        }
    }

    /// Those of a profile after whatever overrides it.
    init(_ limits: ScannerLimits, _ deadlines: Deadlines) {
        self.init()
        self.limits = [
            .memory: limits.memory.bytes, .pids: Int64(limits.pids), .out: limits.out.bytes,
            .printed: limits.printed.bytes, .wall: deadlines.wall.wholeMilliseconds,
        ]
        self.limits[.cpu] = deadlines.cpu?.wholeMicroseconds
    }

    private static let keys: [(AuditMetric, LimitOverrides.Key)] = [
        (.memory, .memory), (.pids, .pids), (.printed, .printed), (.wall, .wall), (.cpu, .cpuTime),
    ]

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
