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
    private let lockBound: Duration
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
    public convenience init(_ settings: AuditSettings) throws(ExecutorError) {
        try self.init(settings, lockBound: .seconds(30))
    }

    /// - Parameter lockBound: how long another process may hold the directory's lock before a call gives up. It holds it for
    ///   moments, unless it was stopped.
    init(_ settings: AuditSettings, lockBound: Duration) throws(ExecutorError) {
        self.settings = settings
        self.lockBound = lockBound
        directory = try AuditDirectory(settings.directory, creates: true)
        do { chain = Mutex(try AuditChain(directory, settings)) } catch {
            throw Self.explain(error, settings.directory)
        }
    }

    /// The number of the newest record, as this process last saw it; 0 before it looked.
    public var newestSequence: UInt64 { seen.load(ordering: .acquiring) }

    func recordedRuns() -> RecordedRuns { RecordedRuns(directory) }

    /// Whether a record after number `sequence` has this id.
    func hasRecord(_ id: String, after sequence: UInt64) throws(ExecutorError) -> Bool {
        do { return try recordedRuns().contains(id, after: sequence) } catch {
            throw Self.explain(error, directory.path)
        }
    }

    /// How often this process waited for the disk.
    public var syncCount: Int { syncs.load(ordering: .relaxed) }

    // MARK: - Room

    /// Room for one more record, kept until the value goes.
    ///
    /// - Parameter isCancelled: asked while another process has the lock. Once it is true there need not be any room.
    /// - Throws: a transient `ExecutorError` where the disk has none: the run must not start then.
    func admit(
        unless isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws(ExecutorError) -> AuditPlace {
        let place = AuditPlace(log: self)
        let needed = Self.spareBytes + Self.recordBytes * admitted.load(ordering: .relaxed)
        // Where somebody has the lock this would wait, and the thread is not ours.
        if chain.withLockIfAvailable({ $0.hasRoom(needed) }) == true { return place }
        let result = await blocking { [self] in
            Result { () throws(ExecutorError) in try reserve(needed, unless: isCancelled) }
        }
        if !isCancelled() { try result.get() }
        return place
    }

    fileprivate func adjust(by count: Int64) { admitted.add(count, ordering: .relaxed) }

    /// Blocks the thread.
    func reserve(_ needed: Int64, unless isCancelled: () -> Bool = { false }) throws(ExecutorError) {
        try locked(unless: isCancelled) { chain throws(SystemError) in
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
        try commitOne(record.encoded())
    }

    /// Without waiting; nil where that is not to be had.
    private func attempt(_ entry: AuditEntry) -> Result<AuditPosition, ExecutorError>? {
        chain.withLockIfAvailable { chain -> Result<AuditPosition, ExecutorError>? in
            do throws(SystemError) {
                guard try chain.take() else { return nil }
                defer { chain.giveBack() }
                try chain.refresh()
                let (positions, _) = try chain.append([entry])
                // From here on the record is there: a head that stays behind is brought forward by the next.
                try? chain.advanceHead(to: positions[0])
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
            do throws(CommitFailure) {
                let positions = try commit(batch.map(\.entry))
                for (item, position) in zip(batch, positions) {
                    item.continuation.resume(returning: .success(position))
                }
            } catch {
                for item in batch {
                    // What together had no room may have some alone.
                    let again = error.isRefused && batch.count > 1
                    item.continuation.resume(
                        returning: again
                            ? Result { () throws(ExecutorError) in try commitOne(item.entry) } : .failure(error.error))
                }
            }
        }
    }

    /// `isRefused`: nothing of it was written, and a part of it may still have room. Otherwise the lines may be there all the same.
    private struct CommitFailure: Error {
        var error: ExecutorError
        var isRefused: Bool
    }

    private func commitOne(_ entry: AuditEntry) throws(ExecutorError) -> AuditPosition {
        do throws(CommitFailure) { return try commit([entry])[0] } catch { throw error.error }
    }

    private func commit(_ entries: [AuditEntry]) throws(CommitFailure) -> [AuditPosition] {
        var isRefused = false
        let written: (positions: [AuditPosition], file: OwnedFile)
        do throws(ExecutorError) {
            written = try locked { chain throws(SystemError) in
                let written: (positions: [AuditPosition], file: OwnedFile)
                do throws(SystemError) { written = try chain.append(entries) } catch {
                    isRefused = true
                    throw error
                }
                if settings.sync == .never, let last = written.positions.last { try? chain.advanceHead(to: last) }
                return written
            }
        } catch { throw CommitFailure(error: error, isRefused: isRefused) }
        if settings.sync == .never { return written.positions }
        // Others may append meanwhile. The head comes after, so that it never is ahead of what is on the disk.
        do { try written.file.sync() } catch {
            throw CommitFailure(error: Self.explain(error, directory.path), isRefused: false)
        }
        syncs.add(1, ordering: .relaxed)
        if let last = written.positions.last {
            // The records are on the disk: a head that stays behind is brought forward by the next.
            try? locked { chain throws(SystemError) in try chain.advanceHead(to: last) }
        }
        return written.positions
    }

    /// Runs `body` with this process's and the directory's lock, after a look at what others did. Blocks the thread, for the lock's
    /// bound at most, and until `isCancelled`.
    func locked<Value>(
        unless isCancelled: () -> Bool = { false },
        _ body: (inout AuditChain) throws(SystemError) -> Value
    ) throws(ExecutorError) -> Value {
        let begun = MonotonicTime.now
        var pause: UInt32 = 100
        while true {
            // This process's own lock is not kept between two looks: each caller waits its own time, and all at once.
            let result = chain.withLock { chain -> Result<Value, SystemError>? in
                do throws(SystemError) {
                    guard try chain.take() else { return nil }
                    defer { chain.giveBack() }
                    try chain.refresh()
                    defer { seen.store(chain.position.sequence, ordering: .releasing) }
                    return .success(try body(&chain))
                } catch { return .failure(error) }
            }
            if let result {
                do { return try result.get() } catch { throw Self.explain(error, directory.path) }
            }
            if isCancelled() || MonotonicTime.now - begun >= lockBound { throw lockIsHeld() }
            // In microseconds: others hold it as long as a write takes.
            usleep(pause)
            pause = min(2 * pause, 5000)
        }
    }

    private func lockIsHeld() -> ExecutorError {
        ExecutorError(
            .host,
            "another process holds \(directory.path)/\(AuditDirectory.lockName), and has for \(lockBound): lslocks shows which; "
                + "continue or end it, nothing is recorded until then",
            isTransient: true, errno: .resourceTemporarilyUnavailable)
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
