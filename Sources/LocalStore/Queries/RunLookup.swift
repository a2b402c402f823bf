import GRDB
import SystemSupport

/// One whole record.
public struct FoundRun: Sendable {
    public var run: RunRow
    /// Its line, as it stands in the file, without the newline. Its hash is the one that the index noted.
    public var line: [UInt8]
    /// Records that have the task's identifier, where it was found by that: this is the newest.
    public var ofTask: Int64?
}

extension AuditIndex {
    /// The record with this identifier, with the only identifier that begins so, or the newest of this task.
    public func run(_ text: String) throws(LocalStoreError) -> FoundRun {
        let (run, ofTask) = try read { database in try Self.find(text, database) }
        let files = try AuditFiles.at(directory)
        let place = "the record \(run.id), \(run.file) at byte \(run.offset),"
        guard let line = try files.bytes(of: run.file, at: run.offset, count: Int(run.length)) else {
            throw LocalStoreError(.changed, "\(place) is no longer there: run scan-executor audit verify")
        }
        if SHA256.digest(line) != run.hash {
            throw LocalStoreError(
                .changed, "\(place) has changed since it was indexed: run scan-executor audit verify")
        }
        return FoundRun(run: run, line: line, ofTask: ofTask)
    }

    private static func find(_ text: String, _ database: Database) throws -> (RunRow, Int64?) {
        let prefix = ULIDText.prefix(text)
        if let prefix, let run = try exact(prefix, database) { return (run, nil) }
        let ofTask =
            try Int64.fetchOne(database, sql: "SELECT count(*) FROM run WHERE task = ?", arguments: [text]) ?? 0
        if ofTask > 0,
            let row = try Row.fetchOne(
                database, sql: RunRow.query + " WHERE run.task = ? ORDER BY run.number DESC LIMIT 1", arguments: [text])
        {
            return (RunRow(row), ofTask)
        }
        let shown = text.prefix(80)
        guard let prefix else {
            throw LocalStoreError(
                .notFound, "no record has the identifier or the task \"\(shown)\": audit ls lists them")
        }
        let ids = try String.fetchAll(
            database, sql: "SELECT DISTINCT id FROM run WHERE id >= ? AND id < ? LIMIT 3",
            arguments: [prefix, TargetPattern.after(prefix)])
        guard let id = ids.first, let run = try exact(id, database) else {
            throw LocalStoreError(
                .notFound, "no record's identifier begins with \"\(shown)\", and no task is called so")
        }
        if ids.count > 1 {
            throw LocalStoreError(
                .notFound,
                "more than one identifier begins with \"\(shown)\" (\(ids.joined(separator: ", "))): give more of it")
        }
        return (run, nil)
    }

    private static func exact(_ id: String, _ database: Database) throws -> RunRow? {
        try Row.fetchOne(
            database, sql: RunRow.query + " WHERE run.id = ? ORDER BY run.number DESC LIMIT 1", arguments: [id]
        ).map { RunRow($0) }
    }
}
