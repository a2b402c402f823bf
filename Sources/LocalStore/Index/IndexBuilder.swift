import GRDB
import SystemSupport

/// Reads what the files have behind the index's position into the index, batch by batch: each is one transaction, with the
/// position at its end, so that an interrupted build goes on where the last batch ended.
final class IndexBuilder {
    /// Lines in a transaction. More save nothing; fewer rewrite the day's and all time's histograms more often.
    private static let batch = 50_000

    private let database: Database
    private var position: IndexPosition
    private let scanners = NameTable("scanner")
    private let verdicts = NameTable("verdict")
    private let hosts = NameTable("host")
    private let targets = NameTable("target", hasRuns: true)
    private let aggregates = Aggregates()
    private let writer: RunWriter
    private var lines = 0
    private let progress: (Int64) -> Void

    /// - Parameter progress: gets the records in the index after each batch.
    init(_ database: Database, progress: @escaping (Int64) -> Void) throws {
        self.database = database
        self.progress = progress
        position = try IndexPosition.load(database) ?? IndexPosition()
        writer = try RunWriter(database)
    }

    func catchUp(_ files: borrowing AuditFiles) throws {
        let current = position.file
        for file in files.files where current == nil || file.name >= current ?? "" {
            try database.beginTransaction(.immediate)
            if file.name != position.file {
                (position.file, position.offset) = (file.name, 0)
                (position.lineOffset, position.lineLength) = (0, 0)
            }
            do {
                try read(file, isLast: file.name == files.files.last?.name, files)
                try commit()
            } catch {
                try? database.rollback()
                throw error
            }
            // A short-lived process is killed by ^C between two calls of SQLite's; the journal then undoes the batch.
        }
    }

    private func read(_ file: AuditFiles.Identity, isLast: Bool, _ files: borrowing AuditFiles) throws {
        try database.execute(
            sql: """
                INSERT INTO file(name, inode, size, modified) VALUES (?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET
                inode = excluded.inode, size = excluded.size, modified = excluded.modified
                """, arguments: [file.name, file.inode, file.size, file.modified])
        let id = try Int64.fetchOne(database, sql: "SELECT id FROM file WHERE name = ?", arguments: [file.name]) ?? 0
        var reader = LineReader(try files.open(file.name), name: file.name, offset: position.offset)
        while true {
            switch try reader.next() {
            case .line(let bytes, let offset):
                try add(bytes, file: id, offset: offset)
                position.offset = reader.offset
            case .oversized(let offset, _):
                // Its hash is not known, so the next record cannot be said to follow it.
                noteUnreadable(offset)
                position.headHash = []
                (position.lineOffset, position.lineLength) = (0, 0)
                position.offset = reader.offset
            case .end(let incomplete):
                // Only the last file is still written to: elsewhere nobody will complete the line.
                if incomplete > 0 && !isLast { noteUnreadable(position.offset) }
                return
            }
            lines += 1
            if lines >= Self.batch {
                try commit()
                try database.beginTransaction(.immediate)
            }
        }
    }

    private func add(_ bytes: UnsafeBufferPointer<UInt8>, file: Int64, offset: Int64) throws {
        var digest = SHA256()
        digest.update(UnsafeRawBufferPointer(bytes))
        let hash = digest.finalize()
        defer {
            position.headHash = hash
            (position.lineOffset, position.lineLength) = (offset, Int64(bytes.count))
        }
        guard let line = AuditLine(bytes) else { return noteUnreadable(offset) }
        let expected =
            position.headHash.isEmpty ? String(repeating: "0", count: 64) : SHA256.hex(position.headHash)
        if let sequence = line.sequence, sequence > 1, position.headHash.isEmpty, position.records == 0,
            position.unreadable == 0
        {
            // Older files are archived: whether rightly is `audit verify --begins-after`'s to say.
            position.beginsAfter = sequence - 1
        } else if line.previous != expected {
            position.chainBreaks += 1
        }
        position.records += 1
        position.sequence = line.sequence
        let place = RunWriter.Place(
            number: position.records, scanner: try scanners.number(of: line.scanner ?? "", database),
            verdict: try verdicts.number(of: line.verdict, database),
            target: try line.target.map { try targets.number(of: $0, database) }, file: file, offset: offset,
            length: Int64(bytes.count))
        if let host = line.host { _ = try hosts.number(of: host, database) }
        try writer.insert(line, place, hash: hash)
        aggregates.add(line, place)
    }

    private func noteUnreadable(_ offset: Int64) {
        position.unreadable += 1
        if position.firstUnreadable == nil { position.firstUnreadable = "\(position.file ?? "") at byte \(offset)" }
    }

    private func commit() throws {
        try aggregates.flush(database)
        try position.save(database)
        try database.commit()
        lines = 0
        progress(position.records)
    }
}
