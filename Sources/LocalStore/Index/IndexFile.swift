import GRDB
import Glibc
import SystemSupport

/// The index as a file: opened, judged, extended, replaced. The caller holds the lock.
enum IndexFile {
    /// The index, where it is whole and has all that the files have; nil in every other case.
    static func current(_ path: String, _ files: borrowing AuditFiles) -> (
        queue: DatabaseQueue, position: IndexPosition
    )? {
        guard access(path, F_OK) == 0, access("\(path)-journal", F_OK) != 0,
            let queue = try? open(path, readOnly: true)
        else { return nil }
        let position = try? queue.inDatabase { database -> IndexPosition? in
            guard try IndexSchema.isCurrent(database), let position = try IndexPosition.load(database),
                position.isAtEnd(files), try position.obstacle(database, files) == nil
            else { return nil }
            return position
        }
        return position.flatMap { $0 }.map { (queue, $0) }
    }

    static func bringUpToDate(
        _ path: String, _ files: borrowing AuditFiles, rebuild: Bool, _ progress: @escaping (Int64) -> Void
    ) throws(LocalStoreError) -> AuditIndex.Update {
        var reason = rebuild ? "as asked" : nil
        if reason == nil {
            do {
                let result = try extend(path, files, progress)
                if let added = result.added { return AuditIndex.Update(added: added) }
                reason = result.obstacle
            } catch let error as DatabaseError where error.isBroken {
                reason = "it was no index, or a broken one"
            } catch { throw failure(path, error) }
        }
        do {
            return AuditIndex.Update(added: try build(path, files, progress), rebuilt: reason)
        } catch { throw failure(path, error) }
    }

    /// Adds what is new; or says why this index cannot be extended.
    private static func extend(
        _ path: String, _ files: borrowing AuditFiles, _ progress: @escaping (Int64) -> Void
    ) throws -> (added: Int64?, obstacle: String?) {
        if access(path, F_OK) != 0 { return (nil, "there was none") }
        let queue = try open(path)
        defer { try? queue.close() }
        return try queue.inDatabase { database in
            guard try IndexSchema.isCurrent(database), let before = try IndexPosition.load(database) else {
                return (nil, "it was of another version, or not finished")
            }
            if let obstacle = try before.obstacle(database, files) { return (nil, obstacle) }
            try IndexBuilder(database, progress: progress).catchUp(files)
            let after = try IndexPosition.load(database)
            return ((after?.records ?? before.records) - before.records, nil)
        }
    }

    /// Builds a new index beside the old one and puts it in its place. Nothing of it needs to survive a crash before that, so SQLite
    /// keeps no journal meanwhile.
    private static func build(
        _ path: String, _ files: borrowing AuditFiles, _ progress: @escaping (Int64) -> Void
    ) throws -> Int64 {
        let temporary = "\(path).new"
        for left in [temporary, "\(temporary)-journal"] { unlink(left) }
        let queue = try open(temporary)
        var records: Int64 = 0
        do {
            defer { try? queue.close() }
            records = try queue.inDatabase { database in
                try database.execute(
                    sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -131072")
                try IndexSchema.create(database)
                try IndexPosition().save(database)
                try IndexBuilder(database, progress: progress).catchUp(files)
                // Once, by sorting, instead of a place found for every row.
                try database.execute(sql: IndexSchema.indexes)
                return try IndexPosition.load(database)?.records ?? 0
            }
        } catch {
            unlink(temporary)
            throw error
        }
        let file = try OwnedDescriptor.open(temporary, O_RDWR | O_NOFOLLOW)
        let number = file.raw
        try systemCall("sync", temporary) { fdatasync(number) == 0 ? 0 : -Int(errno) }
        // A journal of the old index would be played back into the new one.
        unlink("\(path)-journal")
        try systemCall("rename \(temporary) to", path) { rename(temporary, path) == 0 ? 0 : -Int(errno) }
        return records
    }

    static func opened(_ path: String) throws(LocalStoreError) -> (queue: DatabaseQueue, position: IndexPosition) {
        do {
            let queue = try open(path, readOnly: true)
            if let position = try queue.inDatabase({ try IndexPosition.load($0) }) { return (queue, position) }
        } catch { throw failure(path, error) }
        throw LocalStoreError(.index, "\(path) was replaced while it was opened: try again")
    }

    static func open(_ path: String, readOnly: Bool = false) throws -> DatabaseQueue {
        if !readOnly && access(path, F_OK) != 0 {
            // SQLite would make it for all to read; paths and times of scans are the operator's.
            _ = try OwnedDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        }
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(10)
        configuration.label = "audit index"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    static func failure(_ path: String, _ error: any Error) -> LocalStoreError {
        switch error {
        case let error as LocalStoreError: error
        case let error as DatabaseError where error.isBroken:
            LocalStoreError(
                .index,
                "\(path) is broken (\(error.message ?? "\(error.resultCode)")): run scan-executor audit index --rebuild"
            )
        case let error as DatabaseError:
            LocalStoreError(
                .index, "\(path): \(error.message ?? "SQLite's error \(error.extendedResultCode.rawValue)")")
        default: LocalStoreError(.index, "\(path): \(error)")
        }
    }
}

extension DatabaseError {
    /// The file is no database, not ours, or damaged; not: a full disk, a missing right.
    var isBroken: Bool {
        switch resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT, .SQLITE_ERROR, .SQLITE_FORMAT, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH: true
        default: false
        }
    }
}
