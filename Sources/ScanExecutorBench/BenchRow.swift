import Glibc

/// One measured row, printed as one line of JSON for scripts/bench.
struct BenchRow {
    let name: String
    let what: String
    /// The row that ratios are taken to; nil: the C floor.
    var floor: String?
    var p50: Double?
    var p99: Double?
    var perSecond: Double?
    var count: Int
    /// Figures that are no times, by name with unit.
    var extra: [(key: String, value: Double)] = []

    func printLine() {
        var fields = ["\"name\": \"\(name)\"", "\"what\": \"\(what)\""]
        if let floor { fields.append("\"floor\": \"\(floor)\"") }
        for (key, value) in [("p50_us", p50), ("p99_us", p99), ("per_second", perSecond)] {
            if let value { fields.append("\"\(key)\": \(rounded(value))") }
        }
        fields.append("\"count\": \(count)")
        for (key, value) in extra { fields.append("\"\(key)\": \(rounded(value))") }
        print("{\(fields.joined(separator: ", "))}")
        // Through a pipe, rows would wait for the end.
        fflush(nil)
    }

    private func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

/// Microseconds of single events, and what they come to.
struct Samples {
    private var microseconds: [Double] = []

    mutating func add(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        microseconds.append(Double(seconds) * 1e6 + Double(attoseconds) / 1e12)
    }

    mutating func add(contentsOf other: Samples) { microseconds += other.microseconds }

    /// The value below which `fraction` of the samples lie, by the nearest rank.
    func quantile(_ fraction: Double) -> Double? {
        if microseconds.isEmpty { return nil }
        let sorted = microseconds.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))]
    }

    var count: Int { microseconds.count }
}
