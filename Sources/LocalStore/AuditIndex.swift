import GRDB

/// The SQLite index over the audit files. It can be thrown away: it is rebuilt from them.
public final class AuditIndex: Sendable {
    private let database: DatabaseQueue

    /// Opens or creates the index at `path`.
    public init(path: String) throws {
        database = try DatabaseQueue(path: path)
    }
}
