import GRDB
import GRDBSQLite

/// Inserts runs. By SQLite's own binding calls, because GRDB's arguments cost more than all the rest of a line.
struct RunWriter {
    private let statement: Statement
    private let connection: OpaquePointer?

    init(_ database: Database) throws {
        let marks = Array(repeating: "?", count: 21).joined(separator: ", ")
        statement = try database.makeStatement(sql: "INSERT INTO run VALUES (\(marks))")
        connection = database.sqliteConnection
    }

    struct Place {
        var number: Int64
        var scanner: Int64
        var verdict: Int64
        var target: Int64?
        var file: Int64
        var offset: Int64
        var length: Int64
    }

    func insert(_ line: AuditLine, _ place: Place, hash: [UInt8]) throws {
        bind(1, place.number)
        bind(2, line.time)
        bind(3, place.scanner)
        bind(4, place.verdict)
        bind(5, line.partial ? 1 : 0)
        bind(6, place.target)
        for metric in AuditMetric.allCases { bind(CInt(7 + metric.rawValue), line.used[metric]) }
        bind(15, place.file)
        bind(16, place.offset)
        bind(17, place.length)
        bind(18, line.sequence)
        bind(19, line.id)
        bind(20, line.taskID)
        // SQLITE_TRANSIENT: SQLite takes a copy.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        sqlite3_bind_blob(statement.sqliteStatement, 21, hash, CInt(hash.count), transient)
        let status = sqlite3_step(statement.sqliteStatement)
        sqlite3_reset(statement.sqliteStatement)
        if status != SQLITE_DONE {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: status),
                message: sqlite3_errmsg(connection).map { String(cString: $0) })
        }
    }

    private func bind(_ index: CInt, _ value: Int64?) {
        if let value {
            sqlite3_bind_int64(statement.sqliteStatement, index, value)
        } else {
            sqlite3_bind_null(statement.sqliteStatement, index)
        }
    }

    private func bind(_ index: CInt, _ value: String?) {
        guard var value else { return bind(index, nil as Int64?) }
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        value.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) {
                _ = sqlite3_bind_text(statement.sqliteStatement, index, $0.baseAddress, CInt($0.count), transient)
            }
        }
    }
}
