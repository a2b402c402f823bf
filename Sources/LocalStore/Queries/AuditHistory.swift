/// A summary and how it came about over time: what the report shows.
public struct AuditHistory: Sendable, Equatable {
    public var summary = AuditSummary()
    /// The spans that the days are divided into: each so many days, the last perhaps fewer.
    public var spans: [ClosedRange<Int64>] = []
    /// As the summary's scanners.
    public var scanners: [ScannerHistory] = []
    /// The hosts that runs ran on, by name; at most ``mostHosts``.
    public var hosts: [String] = []
    public var hostCount = 0
    public var position = IndexPosition()
    public var directory = ""

    /// However long the time, a plot has no more points than this.
    static let mostSpans = 60
    static let mostHosts = 20

    /// At most ``mostSpans`` spans of the same number of whole days.
    static func spans(_ days: ClosedRange<Int64>) -> [ClosedRange<Int64>] {
        let count = days.upperBound - days.lowerBound + 1
        let width = (count + Int64(mostSpans) - 1) / Int64(mostSpans)
        return stride(from: days.lowerBound, through: days.upperBound, by: Int(width)).map {
            $0...min($0 + width - 1, days.upperBound)
        }
    }
}

/// One scanner, span by span.
public struct ScannerHistory: Sendable, Equatable {
    public struct Point: Sendable, Equatable {
        public var runs: Int64
        public var p50: Int64
        public var p99: Int64
        public var most: Int64
        /// In force at the newest run of the span; nil where there was none.
        public var limit: Int64?
    }

    /// Nil where no run of the span reported the metric.
    public var points: [AuditMetric: [Point?]] = [:]
    /// Runs by verdict, for each span.
    public var verdicts: [[String: Int64]] = []
}
