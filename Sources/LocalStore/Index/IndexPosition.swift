import GRDB
import SystemSupport

/// How far the files have been read into the index, and what was met on the way.
public struct IndexPosition: Sendable, Equatable {
    /// Records in the index.
    public internal(set) var records: Int64 = 0
    /// The audit's own number of the newest record, and the SHA-256 of the newest line: the head of the chain.
    public internal(set) var sequence: Int64?
    public internal(set) var headHash: [UInt8] = []
    /// Lines that are no records, and where the first of them is.
    public internal(set) var unreadable: Int64 = 0
    public internal(set) var firstUnreadable: String?
    /// Records whose `previous` is not the hash of the line before them.
    public internal(set) var chainBreaks: Int64 = 0
    /// The record before the first of the files, which is in an archive; nil where they begin with the first of all.
    public internal(set) var beginsAfter: Int64?

    /// What is wrong with the audit, as far as an index can see: one clause each. The judge is `audit verify`.
    public var faults: [String] {
        var lines: [String] = []
        if unreadable > 0 {
            let count =
                unreadable == 1
                ? "1 line of the audit is no record" : "\(UnitText.count(unreadable)) lines of the audit are no records"
            lines.append(count + (firstUnreadable.map { ", the first in \($0)" } ?? ""))
        }
        if chainBreaks > 0 {
            lines.append(
                chainBreaks == 1
                    ? "1 record does not follow the one before it"
                    : "\(UnitText.count(chainBreaks)) records do not follow the one before them")
        }
        return lines
    }

    /// The file that is being read; nil before the first.
    var file: String?
    /// Where in it the next line begins.
    var offset: Int64 = 0
    /// Where in it the newest line lies, whatever it was. Zero bytes: the file has none yet, or it was too long to keep.
    var lineOffset: Int64 = 0
    var lineLength: Int64 = 0

    /// Nil where the index is not whole.
    static func load(_ database: Database) throws -> IndexPosition? {
        var values: [String: DatabaseValue] = [:]
        let rows = try Row.fetchCursor(database, sql: "SELECT key, value FROM meta")
        while let row = try rows.next() { values[row[0]] = row[1] }
        func number(_ key: String) -> Int64? { values[key].flatMap { Int64.fromDatabaseValue($0) } }
        guard let records = number("records"), let offset = number("offset"), let lineOffset = number("line_offset"),
            let lineLength = number("line_length"), let unreadable = number("unreadable"),
            let chainBreaks = number("chain_breaks")
        else { return nil }
        var position = IndexPosition()
        position.records = records
        position.sequence = number("sequence")
        position.headHash = values["head_hash"].flatMap { [UInt8].fromBlob($0) } ?? []
        position.unreadable = unreadable
        position.firstUnreadable = values["first_unreadable"].flatMap { String.fromDatabaseValue($0) }
        position.chainBreaks = chainBreaks
        position.beginsAfter = number("begins_after")
        position.file = values["file"].flatMap { String.fromDatabaseValue($0) }
        (position.offset, position.lineOffset, position.lineLength) = (offset, lineOffset, lineLength)
        return position
    }

    func save(_ database: Database) throws {
        let values: [(String, (any DatabaseValueConvertible)?)] = [
            ("records", records), ("sequence", sequence), ("head_hash", headHash.blob), ("unreadable", unreadable),
            ("first_unreadable", firstUnreadable), ("chain_breaks", chainBreaks), ("begins_after", beginsAfter),
            ("file", file),
            ("offset", offset),
            ("line_offset", lineOffset), ("line_length", lineLength),
        ]
        let statement = try database.cachedStatement(sql: "INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)")
        for (key, value) in values { try statement.execute(arguments: [key, value]) }
    }

    /// Why the index cannot go on from here with these files; nil where it can.
    func obstacle(_ database: Database, _ files: borrowing AuditFiles) throws -> String? {
        guard let file else { return nil }
        let known = try Row.fetchAll(database, sql: "SELECT name, inode, size, modified FROM file ORDER BY name").map {
            AuditFiles.Identity(name: $0[0], inode: $0[1], size: $0[2], modified: $0[3])
        }
        let finished = files.files.filter { $0.name < file }
        if finished != known.filter({ $0.name < file }) {
            return "finished files of the audit were added, changed or removed"
        }
        guard let current = files.files.first(where: { $0.name == file }) else { return "\(file) is gone" }
        if current.size < offset { return "\(file) has become shorter" }
        if lineLength == 0 { return nil }
        let line = try files.bytes(of: file, at: lineOffset, count: Int(lineLength) + 1)
        if line?.last != 0x0A || SHA256.digest(line?.dropLast() ?? []) != headHash {
            return "\(file) has changed before the place that the index had reached"
        }
        return nil
    }

    /// True where there is nothing behind this position.
    func isAtEnd(_ files: borrowing AuditFiles) -> Bool {
        guard let last = files.files.last else { return true }
        return last.name == file && last.size <= offset
    }
}

extension AuditFiles {
    /// Bytes of one of the files; nil where it does not have that many there.
    borrowing func bytes(of name: String, at offset: Int64, count: Int) throws(LocalStoreError) -> [UInt8]? {
        guard count >= 0, count <= LineReader.longestLine + 1, offset >= 0 else { return nil }
        let file = try open(name)
        var bytes = [UInt8](repeating: 0, count: count)
        do throws(SystemError) {
            return try file.readExactly(&bytes, at: offset, object: "\(directory.path)/\(name)") ? bytes : nil
        } catch {
            throw LocalStoreError(.directory, "\(error)")
        }
    }
}
