import Glibc

/// A logarithmic axis: a limit is often ten times the use, and both are to be read.
struct PlotScale {
    private let low: Double
    private let high: Double
    /// Values with a line and a label.
    let ticks: [Int64]

    /// - Parameter values: what is to fit, in the metric's unit.
    init(_ metric: AuditMetric, _ values: [Int64]) {
        let positive = values.filter { $0 > 0 }
        let least = Double(positive.min() ?? 1)
        let most = Double(max(positive.max() ?? 1, 1))
        let base: Double
        let unit: Double
        switch metric {
        case .memory, .ioRead, .ioWrite, .printed, .out: (base, unit) = (2, 1)
        case .pids: (base, unit) = (2, 1)
        case .wall: (base, unit) = (10, 1)
        case .cpu: (base, unit) = (10, 1000)
        }
        let first = (log(least / unit) / log(base)).rounded(.down)
        let last = max(first + 1, (log(most / unit) / log(base) - 1e-9).rounded(.up))
        low = log(unit) + first * log(base)
        high = log(unit) + last * log(base)
        let step = max(1, ((last - first) / 5).rounded(.up))
        ticks = stride(from: first, through: last, by: step).compactMap {
            let value = unit * pow(base, $0)
            return value < 9e18 ? Int64(value.rounded()) : nil
        }
    }

    /// 0 at the bottom, 1 at the top.
    func place(_ value: Int64) -> Double {
        min(1, max(0, (log(Double(max(1, value))) - low) / (high - low)))
    }
}
