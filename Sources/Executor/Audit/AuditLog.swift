import Dispatch
import Glibc
import Synchronization
import SystemPackage
import SystemSupport

/// The audit as a writer sees it: one record a run, appended in order, chained by hashes, durable before it counts.
///
/// Many processes may append to one directory at once. Within one, records that come while a write to the disk is going on
/// wait together and share the next.
public final class AuditLog: Sendable {
    /// No record of ours is longer, see ``AuditRecord``.
    static let recordBytes: Int64 = 256 << 10
    /// Room that is kept beside that of the runs of this process: for the runs of others.
    static let spareBytes: Int64 = 1 << 20
    /// All of a batch is no more than ``AuditTail/searched``.
    private static let batchLimit = 64

    public let settings: AuditSettings
    private let directory: AuditDirectory
    private let chain: Mutex<AuditChain>
    private let waiting = Mutex(Waiting())
    private let queue = DispatchQueue(label: "scan-executor.audit")
    private let admitted = Atomic<Int64>(0)
    private let syncs = Atomic<Int>(0)
    private let seen = Atomic<UInt64>(0)

    private struct Waiting {
        var entries:
            [(entry: AuditEntry, continuation: CheckedContinuation<Result<AuditPosition, ExecutorError>, Never>)] = []
        var isBusy = false
    }

    /// Opens the directory, and makes it where there is none.
    public init(_ settings: AuditSettings) throws(ExecutorError) {
        self.settings = settings
        directory = try AuditDirectory(settings.directory, creates: true)
        do { chain = Mutex(try AuditChain(directory, settings)) } catch {
            throw Self.explain(error, settings.directory)
        }
    }

    /// The number of the newest record, as this process last saw it; 0 before it looked.
    public var newestSequence: UInt64 { seen.load(ordering: .acquiring) }

    func recordedRuns() -> RecordedRuns { RecordedRuns(directory) }

    /// How often this process waited for the disk.
    public var syncCount: Int { syncs.load(ordering: .relaxed) }

    // MARK: - Room

    /// Room for one more record, kept until the value goes.
    ///
    /// - Throws: a transient `ExecutorError` where the disk has none: the run must not start then.
    func admit() async throws(ExecutorError) -> AuditPlace {
        let place = AuditPlace(log: self)
        let needed = Self.spareBytes + Self.recordBytes * admitted.load(ordering: .relaxed)
        // Where somebody has the lock this would wait, and the thread is not ours.
        if chain.withLockIfAvailable({ $0.hasRoom(needed) }) == true { return place }
        let result = await blocking { [self] in Result { () throws(ExecutorError) in try reserve(needed) } }
        try result.get()
        return place
    }

    fileprivate func adjust(by count: Int64) { admitted.add(count, ordering: .relaxed) }

    /// Blocks the thread.
    func reserve(_ needed: Int64) throws(ExecutorError) {
        try locked { chain throws(SystemError) in
            // A step ahead, so that not every run has to.
            do throws(SystemError) { try chain.reserve(needed + Self.spareBytes) } catch {
                if !error.errno.isFullDisk { throw error }
                try chain.reserve(needed)
            }
        }
    }

    // MARK: - Records

    /// Appends the record. It is durable, as the settings have it, once this returns.
    ///
    /// - Throws: `ExecutorError`; the record may then be there all the same where the disk failed at the very end.
    @discardableResult
    public func append(_ record: AuditRecord) async throws(ExecutorError) -> AuditPosition {
        let entry = record.encoded()
        if settings.sync == .never, let result = attempt(entry) { return try result.get() }
        let result = await withCheckedContinuation { continuation in
            let mustStart = waiting.withLock { state in
                state.entries.append((entry, continuation))
                defer { state.isBusy = true }
                return !state.isBusy
            }
            if mustStart { queue.async { [self] in serve() } }
        }
        return try result.get()
    }

    /// As ``append(_:)``; blocks the thread.
    @discardableResult
    public func appendNow(_ record: AuditRecord) throws(ExecutorError) -> AuditPosition {
        try commit([record.encoded()])[0]
    }

    /// Without waiting; nil where that is not to be had.
    private func attempt(_ entry: AuditEntry) -> Result<AuditPosition, ExecutorError>? {
        chain.withLockIfAvailable { chain -> Result<AuditPosition, ExecutorError>? in
            do throws(SystemError) {
                guard try chain.take(waiting: false) else { return nil }
                defer { chain.giveBack() }
                try chain.refresh()
                let (positions, _) = try chain.append([entry])
                try chain.advanceHead(to: positions[0])
                seen.store(chain.position.sequence, ordering: .releasing)
                return .success(positions[0])
            } catch { return .failure(Self.explain(error, directory.path)) }
        } ?? nil
    }

    /// Takes all that wait, again and again, until nobody does.
    private func serve() {
        while true {
            let batch = waiting.withLock { state in
                let batch = Array(state.entries.prefix(Self.batchLimit))
                state.entries.removeFirst(batch.count)
                if batch.isEmpty { state.isBusy = false }
                return batch
            }
            if batch.isEmpty { return }
            do throws(ExecutorError) {
                let positions = try commit(batch.map(\.entry))
                for (item, position) in zip(batch, positions) {
                    item.continuation.resume(returning: .success(position))
                }
            } catch {
                // What together had no room may have some alone.
                for item in batch {
                    item.continuation.resume(
                        returning: batch.count == 1
                            ? .failure(error)
                            : Result { () throws(ExecutorError) in try commit([item.entry])[0] })
                }
            }
        }
    }

    private func commit(_ entries: [AuditEntry]) throws(ExecutorError) -> [AuditPosition] {
        let written = try locked { chain throws(SystemError) in
            let written = try chain.append(entries)
            if settings.sync == .never, let last = written.positions.last { try chain.advanceHead(to: last) }
            return written
        }
        if settings.sync == .never { return written.positions }
        // Others may append meanwhile. The head comes after, so that it never is ahead of what is on the disk.
        do { try written.file.sync() } catch { throw Self.explain(error, directory.path) }
        syncs.add(1, ordering: .relaxed)
        if let last = written.positions.last {
            try locked { chain throws(SystemError) in try chain.advanceHead(to: last) }
        }
        return written.positions
    }

    /// Runs `body` with this process's and the directory's lock, after a look at what others did.
    func locked<Value>(
        _ body: (inout AuditChain) throws(SystemError) -> Value
    ) throws(ExecutorError) -> Value {
        let result = chain.withLock { chain -> Result<Value, SystemError> in
            do throws(SystemError) {
                _ = try chain.take(waiting: true)
                defer { chain.giveBack() }
                try chain.refresh()
                defer { seen.store(chain.position.sequence, ordering: .releasing) }
                return .success(try body(&chain))
            } catch { return .failure(error) }
        }
        do { return try result.get() } catch { throw Self.explain(error, directory.path) }
    }

    static func explain(_ error: SystemError, _ directory: String) -> ExecutorError {
        guard error.errno.isFullDisk else {
            return ExecutorError(.host, error, "the audit in \(directory) cannot be written")
        }
        var information = statvfs()
        var free = ""
        if statvfs(directory, &information) == 0 {
            // A file system may say any number.
            let bytes = UInt64(information.f_bavail).multipliedReportingOverflow(by: UInt64(information.f_frsize))
            if !bytes.overflow { free = " (\(bytes.partialValue) bytes free)" }
        }
        return ExecutorError(
            .host,
            "the audit in \(directory) has no room for another record\(free): make room there, or choose another place with "
                + "--audit-dir; nothing runs until then",
            isTransient: true, errno: error.errno)
    }
}

/// Room for the record of one run.
final class AuditPlace: Sendable {
    private let log: AuditLog

    fileprivate init(log: AuditLog) {
        self.log = log
        log.adjust(by: 1)
    }

    deinit { log.adjust(by: -1) }
}

extension Errno {
    fileprivate var isFullDisk: Bool { self == .noSpace || self == .diskQuotaExceeded }
}
