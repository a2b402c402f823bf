import SystemSupport

/// Limits as people write them: rounded up to a step that grows with the value, and spelled as in a profile.
enum NeatLimit {
    /// The least limit of the metric's step that is not below `value`, within what a profile may say.
    static func roundedUp(_ metric: AuditMetric, _ value: Double) -> Int64 {
        let (least, most) = bounds(metric)
        // Before any Int64 is made of it: 2^63 as a Double does not fit.
        let bounded = Int64(min(max(value, Double(least)), Double(most)).rounded(.up))
        let step = step(metric, bounded)
        return min(most, (bounded + step - 1) / step * step)
    }

    /// The metric's unit, times its step: 16 MiB, 30 s, 4 processes.
    private static func step(_ metric: AuditMetric, _ value: Int64) -> Int64 {
        switch metric {
        case .memory, .printed, .out, .ioRead, .ioWrite:
            for (below, step) in [(16, 1), (1024, 16), (8192, 64)] as [(Int64, Int64)] where value <= below << 20 {
                return step << 20
            }
            return 256 << 20
        case .pids: return value <= 64 ? 4 : value <= 256 ? 16 : 64
        case .wall, .cpu:
            let second: Int64 = metric == .wall ? 1000 : 1_000_000
            for (below, step) in [(10, 1), (60, 5), (600, 30), (3600, 60)] as [(Int64, Int64)]
            where value <= below * second {
                return step * second
            }
            return 300 * second
        }
    }

    /// Least: below it nothing starts, or the number says nothing. Most: what a profile takes.
    private static func bounds(_ metric: AuditMetric) -> (Int64, Int64) {
        switch metric {
        case .memory: (16 << 20, 1 << 50)
        case .printed, .out, .ioRead, .ioWrite: (1 << 20, 1 << 50)
        case .pids: (8, 4_194_304)
        case .wall: (1000, 7 * 86_400_000)
        case .cpu: (1_000_000, 70 * 86_400_000_000)
        }
    }

    /// As a profile has it: `512MiB`, `10m`, `32`.
    static func text(_ metric: AuditMetric, _ value: Int64) -> String {
        switch metric {
        case .memory, .printed, .out, .ioRead, .ioWrite: ByteCount(value)?.description ?? "0B"
        case .pids: "\(value)"
        case .wall: duration(milliseconds: value)
        case .cpu: duration(milliseconds: value / 1000)
        }
    }

    private static func duration(milliseconds: Int64) -> String {
        for (unit, size) in [("h", 3_600_000), ("m", 60_000)] as [(String, Int64)]
        where milliseconds >= size && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
