import Foundation
import GRDB

/// The key of one row of `usage`.
struct UsageKey: Hashable {
    /// See ``Period``.
    var period: Int64
    var scanner: Int64
    var metric: AuditMetric
    var succeeded: Bool
}

/// Writes and sums up rows of `usage`.
struct UsageTable {
    private static let columns =
        "period, least, most, histogram, share_least, share_most, share_histogram, over80, over95, limit_last, limit_number"

    private let database: Database
    private var values = HistogramSum()
    private var shares = HistogramSum()

    init(_ database: Database) { self.database = database }

    mutating func add(_ added: UsageStatistics, at key: UsageKey) throws {
        let found = try database.cachedStatement(
            sql: """
                SELECT \(Self.columns) FROM usage WHERE scanner = ? AND metric = ? AND period = ? AND succeeded = ?
                """)
        var statistics = UsageStatistics()
        if let row = try Row.fetchOne(
            found, arguments: [key.scanner, key.metric.rawValue, key.period, key.succeeded])
        {
            try add(row, to: &statistics)
            close(&statistics)
        }
        statistics.merge(added)
        let (values, shares) = (statistics.values, statistics.shares)
        let insert = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try insert.execute(arguments: [
            key.scanner, key.metric.rawValue, key.period, key.succeeded, values.least ?? 0, values.most ?? 0,
            values.encoded.blob, shares.least ?? 0, shares.most ?? 0, shares.encoded.blob, statistics.over80,
            statistics.over95, statistics.limit, statistics.limitNumber,
        ])
    }

    /// The sum over some periods; nil where there is nothing.
    mutating func sum(
        _ scanner: Int64, _ metric: AuditMetric, _ periods: [ClosedRange<Int64>], succeeded: Bool = false
    ) throws -> UsageStatistics? {
        var sum: UsageStatistics?
        let one = { (_: Int64) in 0 }
        try each(scanner, metric, periods, succeeded: succeeded, group: one) { sum = $1 }
        return sum
    }

    /// The sums over groups of periods that follow each other.
    ///
    /// - Parameters:
    ///   - succeeded: only complete, successful runs.
    ///   - group: a period's group; the periods of each range come in their order.
    mutating func each(
        _ scanner: Int64, _ metric: AuditMetric, _ periods: [ClosedRange<Int64>], succeeded: Bool = false,
        group: (Int64) -> Int, _ body: (Int, UsageStatistics) -> Void
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                SELECT \(Self.columns) FROM usage WHERE scanner = ? AND metric = ? AND period BETWEEN ? AND ?
                AND succeeded >= ? ORDER BY period
                """)
        var statistics = UsageStatistics()
        var current: Int?
        for range in periods {
            let rows = try Row.fetchCursor(
                statement,
                arguments: [scanner, metric.rawValue, range.lowerBound, range.upperBound, succeeded ? 1 : 0])
            while let row = try rows.next() {
                let next = group(row[0])
                if let current, current != next {
                    close(&statistics)
                    body(current, statistics)
                    statistics = UsageStatistics()
                }
                current = next
                try add(row, to: &statistics)
            }
        }
        guard let current else { return }
        close(&statistics)
        body(current, statistics)
    }

    private mutating func add(_ row: Row, to statistics: inout UsageStatistics) throws {
        let isWhole =
            try row.withUnsafeData(atIndex: 3) { data in
                (data ?? Data()).withUnsafeBytes { values.add($0, least: row[1], most: row[2]) }
            }
            && row.withUnsafeData(atIndex: 6) { data in
                (data ?? Data()).withUnsafeBytes { shares.add($0, least: row[4], most: row[5]) }
            }
        if !isWhole { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a histogram is no histogram") }
        statistics.over80 += row[7] as Int64
        statistics.over95 += row[8] as Int64
        statistics.note(limit: row[9], at: row[10])
    }

    private mutating func close(_ statistics: inout UsageStatistics) {
        statistics.values = values.take()
        statistics.shares = shares.take()
    }
}
