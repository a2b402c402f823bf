import GRDB
import Glibc
import SystemSupport

/// The SQLite index over the audit files, `index.sqlite` beside them. It is made from them alone and can be deleted at any time:
/// the next verb builds it anew. Runs never write to it.
///
/// One process at a time brings it up to date, under an exclusive flock(2) on `index.lock`; whoever reads holds a shared one. So nobody has
/// the file open while it is replaced, and SQLite needs no write-ahead log with files of its own.
public final class AuditIndex {
    let queue: DatabaseQueue
    /// The audit's directory.
    public let directory: String
    public let position: IndexPosition
    /// What bringing it up to date took.
    public let update: Update
    private let lock: OwnedDescriptor

    public struct Update: Sendable, Equatable {
        /// Records that were added.
        public var added: Int64 = 0
        /// Why the index was built from nothing; nil where it was not.
        public var rebuilt: String?
    }

    /// Opens the index, brought up to date with the files.
    ///
    /// - Parameters:
    ///   - rebuild: builds it from nothing, whatever is there.
    ///   - notice: gets one line for people where this process has to wait for another.
    ///   - progress: gets the records in the index, now and then.
    public init(
        directory: String, rebuild: Bool = false, notice: (String) -> Void = { _ in },
        progress: @escaping (Int64) -> Void = { _ in }
    ) throws(LocalStoreError) {
        self.directory = directory
        lock = try IndexLock.open(directory)
        let path = "\(directory)/index.sqlite"
        try IndexLock.take(lock, LOCK_SH, directory, notice)
        if !rebuild, let current = IndexFile.current(path, try AuditFiles.at(directory)) {
            (queue, position, update) = (current.queue, current.position, Update())
            return
        }
        // Going from the shared lock to the exclusive one lets others in between: what is to be done is looked at again.
        try IndexLock.take(lock, LOCK_EX, directory, notice)
        update = try IndexFile.bringUpToDate(path, try AuditFiles.at(directory), rebuild: rebuild, progress)
        try IndexLock.take(lock, LOCK_SH, directory, notice)
        (queue, position) = try IndexFile.opened(path)
    }

    /// Runs queries. An index that turns out to be broken says so, and that `audit index --rebuild` mends it.
    func read<Value>(_ body: (Database) throws -> Value) throws(LocalStoreError) -> Value {
        do { return try queue.read(body) } catch { throw IndexFile.failure("\(directory)/index.sqlite", error) }
    }
}

/// `index.lock`, which serializes those who replace or extend the index.
enum IndexLock {
    static func open(_ directory: String) throws(LocalStoreError) -> OwnedDescriptor {
        do throws(SystemError) {
            return try OwnedDescriptor.open(
                "\(directory)/index.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY, mode: 0o600)
        } catch {
            throw AuditFiles.unreadable(directory, error)
        }
    }

    static func take(
        _ lock: borrowing OwnedDescriptor, _ kind: CInt, _ directory: String, _ notice: (String) -> Void
    ) throws(LocalStoreError) {
        let number = lock.raw
        if flock(number, kind | LOCK_NB) == 0 { return }
        if errno == EWOULDBLOCK { notice("waiting for another process that uses the index of \(directory)") }
        do throws(SystemError) {
            try systemCall("lock", "\(directory)/index.lock") { flock(number, kind) == 0 ? 0 : -Int(errno) }
        } catch { throw LocalStoreError(.index, "\(error)") }
    }
}
