import Foundation
import GRDB

/// The key of one row of `usage`.
struct UsageKey: Hashable {
    /// 0: all time. n: the n-th day since 1970-01-01, from 1.
    var period: Int64
    var scanner: Int64
    var metric: AuditMetric
    var succeeded: Bool
}

/// Rows of `usage` as statistics.
enum UsageTable {
    static let columns =
        "least, most, histogram, share_least, share_most, share_histogram, over80, over95, limit_last, limit_number"

    static func add(_ added: UsageStatistics, at key: UsageKey, _ database: Database) throws {
        let found = try database.cachedStatement(
            sql: "SELECT \(columns) FROM usage WHERE period = ? AND scanner = ? AND metric = ? AND succeeded = ?")
        let row = try Row.fetchOne(
            found, arguments: [key.period, key.scanner, key.metric.rawValue, key.succeeded])
        var statistics = try row.map { try Self.statistics($0, from: 0) } ?? UsageStatistics()
        statistics.merge(added)
        let (values, shares) = (statistics.values, statistics.shares)
        let insert = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try insert.execute(arguments: [
            key.period, key.scanner, key.metric.rawValue, key.succeeded, values.least ?? 0, values.most ?? 0,
            values.encoded.blob, shares.least ?? 0, shares.most ?? 0, shares.encoded.blob, statistics.over80,
            statistics.over95, statistics.limit, statistics.limitNumber,
        ])
    }

    /// - Parameter first: where in the row the columns begin.
    static func statistics(_ row: Row, from first: Int) throws -> UsageStatistics {
        var statistics = UsageStatistics()
        func histogram(_ least: Int, _ most: Int, _ blob: Int) throws -> LogHistogram {
            let decoded = try row.withUnsafeData(atIndex: blob) { data in
                (data ?? Data()).withUnsafeBytes { LogHistogram(encoded: $0, least: row[least], most: row[most]) }
            }
            guard let decoded else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a histogram is no histogram")
            }
            return decoded
        }
        statistics.values = try histogram(first, first + 1, first + 2)
        statistics.shares = try histogram(first + 3, first + 4, first + 5)
        statistics.over80 = row[first + 6]
        statistics.over95 = row[first + 7]
        statistics.limit = row[first + 8]
        statistics.limitNumber = row[first + 9]
        return statistics
    }
}
