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
        let (least, most) = (positive.min() ?? 1, positive.max() ?? 1)
        let all = PlotScale.marks(metric)
        // One mark below everything and one above, and at least two.
        let first = min(all.lastIndex { $0 <= least } ?? 0, all.count - 2)
        let last = max(first + 1, all.firstIndex { $0 >= most } ?? all.count - 1)
        let step = max(1, (last - first + 4) / 5)
        ticks = stride(from: first, through: last, by: step).map { all[$0] }
        low = log(Double(all[first]))
        high = max(low + 1e-9, log(Double(all[last])))
    }

    /// Where a line may be: 1, 2, 4 … of what is counted in bytes or pieces; round times.
    private static func marks(_ metric: AuditMetric) -> [Int64] {
        let scale: Int64 = metric == .wall ? 1 : 1000
        switch metric {
        case .wall, .cpu:
            let milliseconds: [Int64] = [
                1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 360_000_000, 3_600_000_000,
                36_000_000_000,
            ]
            return milliseconds.map { $0 * scale }
        case .memory, .pids, .ioRead, .ioWrite, .printed, .out: return (0..<62).map { 1 << $0 }
        }
    }

    /// 0 at the bottom, 1 at the top.
    func place(_ value: Int64) -> Double {
        min(1, max(0, (log(Double(max(1, value))) - low) / (high - low)))
    }
}
