/// What an audit, or some days of it, comes to.
public struct AuditSummary: Sendable, Equatable {
    /// The days counted from, and to, as numbers since 1970-01-01 (UTC); nil where no run has a time.
    public var days: ClosedRange<Int64>?
    /// By name; runs of `exec` last.
    public var scanners: [ScannerSummary] = []

    public var runs: Int64 { scanners.reduce(0) { $0 + $1.runs } }
}

/// The runs of one scanner.
public struct ScannerSummary: Sendable, Equatable {
    /// Nil for `exec`.
    public var name: String?
    /// The most frequent first.
    public var verdicts: [VerdictCount] = []
    public var usage: [AuditMetric: UsageStatistics] = [:]
    /// By the metric whose limit it was.
    public var endings: [AuditMetric: LimitEndings] = [:]

    public var runs: Int64 { verdicts.reduce(0) { $0 + $1.runs } }
}

public struct VerdictCount: Sendable, Equatable {
    public var verdict: String
    public var runs: Int64
    /// Of them, those whose result may be incomplete.
    public var partial: Int64
}

/// Runs that one limit ended, or cut short.
public struct LimitEndings: Sendable, Equatable {
    public var runs: Int64
    /// The greatest limit among theirs; nil where none was recorded.
    public var limitMost: Int64?
}

/// Which runs are summed up: whole days in UTC, because that is what the index keeps sums of.
public struct SummaryFilter: Sendable, Equatable {
    /// A profile's name, or ``RunFilter/noScanner``.
    public var scanner: String?
    /// Days since 1970-01-01; both ends count.
    public var firstDay: Int64?
    public var lastDay: Int64?

    public init(scanner: String? = nil) { self.scanner = scanner }

    /// The days that the moments lie in, which are milliseconds since 1970.
    public mutating func set(since: Int64?, until: Int64?) {
        firstDay = since.map { $0 / 86_400_000 }
        lastDay = until.map { max(0, $0 - 1) / 86_400_000 }
    }

    var periods: [ClosedRange<Int64>] { Period.covering(from: firstDay, to: lastDay) }
}
