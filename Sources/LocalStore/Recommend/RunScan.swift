import GRDB
import GRDBSQLite

/// Goes through the runs of some days, one after the other: by SQLite's own calls, for there may be a million.
enum RunScan {
    /// A run while the scan stands on it.
    struct Run {
        fileprivate let statement: OpaquePointer

        var scanner: Int { Int(sqlite3_column_int64(statement, 0)) }
        /// Complete, and clean or with findings.
        var succeeded: Bool { sqlite3_column_int64(statement, 1) != 0 }

        func used(_ metric: AuditMetric) -> Int64? {
            let column = CInt(2 + metric.rawValue)
            return sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : sqlite3_column_int64(statement, column)
        }
    }

    static func each(_ filter: SummaryFilter, _ database: Database, _ body: (Run) -> Void) throws {
        let successes = try Int64.fetchAll(database, sql: "SELECT id FROM verdict WHERE name IN ('clean', 'findings')")
        let list = successes.map { "\($0)" }.joined(separator: ", ")
        var condition = ""
        if filter.firstDay != nil || filter.lastDay != nil {
            let (first, last) = (max(0, filter.firstDay ?? 0), min(filter.lastDay ?? 1 << 32, 1 << 32))
            condition = " WHERE time >= \(min(first, 1 << 32) * 86_400_000) AND time < \((last + 1) * 86_400_000)"
        }
        let statement = try database.makeStatement(
            sql: """
                SELECT scanner, NOT partial AND verdict IN (\(list)), wall, cpu, memory, pids, io_read, io_write, printed, out
                FROM run\(condition)
                """)
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: body(Run(statement: handle))
            case SQLITE_DONE: return
            case let status: throw DatabaseError(resultCode: ResultCode(rawValue: status), message: "reading the runs")
            }
        }
    }
}
