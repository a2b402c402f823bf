import Glibc
import SystemSupport

extension CgroupTree {
    /// Ends what dead workers left: kills, waits, reads the last usage, removes. Leaves of living workers are not
    /// touched.
    ///
    /// A worker lives as long as the kernel says so: it holds flock(2)'s lock on each of its leaves, which its death
    /// releases, however it died. Pids prove less: they are reused, they differ between pid namespaces, and /proc may
    /// belong to another one. The lock also keeps two reapers off one leaf.
    ///
    /// A process that the worker was just launching holds the lock a moment longer than the worker lives, until it has run
    /// into its parent's death. So where the pid says that the worker is gone, its lock is waited for: for two seconds in
    /// all, since the pid may be another namespace's and the worker well.
    ///
    /// - Parameters:
    ///   - bound: how long to wait for each leaf's processes to die. Blocks the thread.
    ///   - unleasedAge: an unpopulated leaf without lock and lease is a crash in mid-creation, or a creation going on
    ///     right now: only an older one is removed. A populated one was never ours, since the lease comes before the
    ///     first process.
    ///   - mayReap: asked for each dead worker's leaf; false leaves it alone.
    ///   - record: told of each once nothing lives in it any more, before it is removed, and while its lock keeps every other
    ///     reaper off. What it throws leaves the leaf for the next reap.
    /// - Returns: one entry for each leaf that was dead, in no order, those that could not be removed included. Throws
    ///   only where `tasks/` itself cannot be listed.
    public func reap(
        within bound: Duration = .seconds(5), unleasedAge: Duration = .seconds(60),
        mayReap: (Lease) -> Bool = { _ in true }, record: (Reclaimed) throws -> Void = { _ in }
    ) throws(CgroupError) -> [Reclaimed] {
        var reclaimed: [Reclaimed] = []
        var patience = Reaper.Patience()
        for type in try tasks.childNames() {
            guard let parent = try tasks.childIfPresent(type) else { continue }
            for name in try parent.childNames() {
                let entry = Reaper.reclaim(
                    type, name, in: parent, bound: bound, unleasedAge: unleasedAge, &patience, mayReap: mayReap,
                    record: record)
                if let entry { reclaimed.append(entry) }
            }
        }
        return reclaimed
    }
}

private enum Reaper {
    /// How long locks of dead workers are still waited for.
    struct Patience {
        private var end: MonotonicTime?

        /// Waits a moment. False once there is no more time.
        mutating func wait() -> Bool {
            let end = self.end ?? .now + .seconds(2)
            self.end = end
            if MonotonicTime.now >= end { return false }
            // flock(2) waits for ever or not at all.
            usleep(2000)
            return true
        }
    }

    /// Nil for a leaf that is none of ours to end.
    static func reclaim(
        _ type: String, _ name: String, in parent: borrowing CgroupDirectory, bound: Duration, unleasedAge: Duration,
        _ patience: inout Patience, mayReap: (Lease) -> Bool, record: (Reclaimed) throws -> Void
    ) -> Reclaimed? {
        var entry = Reclaimed(type: type, name: name, path: "\(parent.path)/\(name)", outcome: .removed)
        do {
            guard let leaf = try parent.childIfPresent(name) else { return nil }
            // Age before lock: a creation going on right now must not find its new leaf locked.
            switch leaf.lease() {
            case .lease(let lease): entry.lease = lease
            case .none, .unreadable:
                if try !isAbandoned(leaf, in: parent, unleasedAge) { return nil }
            }
            while true {
                let isDead = try cgroupCall { () throws(SystemError) in
                    try leaf.files.descriptor.tryLock(object: entry.path)
                }
                if isDead { break }
                guard let lease = entry.lease, lease.worker.seemsGone, patience.wait() else { return nil }
            }
            // Removed between our open and our lock: its owner or another reaper has done the work and told of it.
            if try !leaf.exists() { return nil }
            if let lease = entry.lease, !mayReap(lease) { return nil }
            try end(leaf, name, in: parent, bound: bound, record: record, &entry)
        } catch let error as CgroupError {
            entry.outcome = .failed(error)
        } catch {
            entry.outcome = .unrecorded("\(error)")
        }
        return entry
    }

    private static func end(
        _ leaf: borrowing CgroupDirectory, _ name: String, in parent: borrowing CgroupDirectory, bound: Duration,
        record: (Reclaimed) throws -> Void, _ entry: inout Reclaimed
    ) throws {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: bound)
        guard let events = try CgroupEvents.open(leaf) else { return }
        if try events.value("populated") != 0 {
            entry.wasPopulated = true
            try leaf.kill(.automatic)
            if try !events.wait(for: "populated", toBe: 0, within: bound) {
                entry.usage = try? CgroupUsage.read(leaf)
                entry.outcome = .stillPopulated
                return
            }
        }
        entry.usage = try? CgroupUsage.read(leaf)
        // Of what has no lease nothing is known.
        if entry.lease != nil { try record(entry) }
        let left = max(clock.now.duration(to: end), .zero)
        let gone = try SubtreeRemoval.remove(name, opened: leaf, from: parent, within: left)
        entry.outcome = gone ? .removed : .stillPopulated
    }

    /// Empty, and made by nobody who is still about it: no creation of this type goes on, or it is unchanged for `age`. The kernel
    /// may forget a cgroup's times and start them anew, which errs on the safe side: it looks younger than it is, never older.
    private static func isAbandoned(
        _ leaf: borrowing CgroupDirectory, in parent: borrowing CgroupDirectory, _ age: Duration
    ) throws(CgroupError) -> Bool {
        guard let events = try CgroupEvents.open(leaf), try events.value("populated") == 0 else { return false }
        if try nobodyCreates(in: parent) {
            // A creation that has ended since we looked has left its lease.
            if case .lease = leaf.lease() { return false }
            return true
        }
        var information = stat()
        let number = leaf.raw
        _ = try cgroupCall { () throws(SystemError) in
            try systemCall("stat", leaf.path) { fstat(number, &information) == 0 ? 0 : -Int(errno) }
        }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return .seconds(now.tv_sec - information.st_ctim.tv_sec) >= age
    }

    /// Creations hold the shared lock of their type's directory, see ``TypeDirectory/creating(_:)``.
    private static func nobodyCreates(in parent: borrowing CgroupDirectory) throws(CgroupError) -> Bool {
        let isFree = try cgroupCall { () throws(SystemError) in
            try parent.files.descriptor.tryLock(object: parent.path)
        }
        if isFree { flock(parent.raw, LOCK_UN) }
        return isFree
    }
}
