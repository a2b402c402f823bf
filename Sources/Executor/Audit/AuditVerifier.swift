import Glibc
import SystemSupport

/// Walks over every line of an audit and finds what is not as it was written: altered, removed, moved.
///
/// It takes the lock for a moment, to see which files there are and how far, and reads without it; so it may run beside
/// workers, and leaves out what they append meanwhile. Where it may not lock (a copy that is read-only) it goes on without.
public struct AuditVerifier {
    /// Absolute.
    public var directory: String
    /// What the first line follows. Another than the origin for files whose older ones were archived.
    public var after = AuditPosition.origin
    /// A position that somebody noted elsewhere, and that must be there. With one, `head` may be missing: archived files have none.
    public var expected: AuditPosition?

    public init(directory: String) { self.directory = directory }

    /// - Throws: `ExecutorError` where there is no audit, or it cannot be read.
    public func verify() throws(ExecutorError) -> AuditVerification {
        let files = try AuditDirectory(directory, creates: false)
        do { return try walk(files) } catch {
            throw ExecutorError(.host, error, "the audit cannot be read")
        }
    }

    private struct Snapshot {
        /// Not open: there may be more than a process may have.
        var files: [(name: String, first: UInt64, size: Int64)] = []
        var head = AuditHead.Reading.absent
    }

    private func snapshot(_ directory: AuditDirectory) throws(SystemError) -> Snapshot {
        let lock = try? directory.open(AuditDirectory.lockName)?.file
        try lock?.descriptor.lockShared(object: "\(directory.path)/\(AuditDirectory.lockName)")
        defer { if let lock { flock(lock.descriptor.raw, LOCK_UN) } }
        var snapshot = Snapshot()
        snapshot.head = try AuditHead.read(in: directory)
        for (name, first) in try directory.lineFiles() {
            // Removed by its operator at this moment: the gap will show.
            guard let (_, status) = try directory.open(name) else { continue }
            snapshot.files.append((name, first, Int64(status.st_size)))
        }
        return snapshot
    }

    private func walk(_ directory: AuditDirectory) throws(SystemError) -> AuditVerification {
        let snapshot = try snapshot(directory)
        var chain = AuditChainCheck(directory: directory.path, after: after)
        for (index, entry) in snapshot.files.enumerated() {
            guard let (file, _) = try directory.open(entry.name) else { continue }
            try chain.check(
                file, entry.name, first: entry.first, size: entry.size,
                head: snapshot.head.position, expected: expected, isNewest: index == snapshot.files.count - 1)
        }
        chain.finish(head: snapshot.head, expected: expected)
        let partials = try directory.partials().count
        if partials > 0 {
            chain.result.notes.append(
                "\(partials) half-written \(partials == 1 ? "line was" : "lines were") moved aside after a crash: recovered-*.partial"
            )
        }
        return chain.result
    }
}
