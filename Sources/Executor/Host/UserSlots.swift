import Glibc
import SystemPackage
import SystemSupport

/// The uids of sandboxes: each is used by one run at a time, on the whole host.
///
/// A slot is taken by flock(2) on a file, which the kernel gives back however its holder ends. No two workers share a uid,
/// and so no run can signal, trace or read another's processes even where a namespace would fail.
struct UserSlots: Sendable {
    /// One taken slot. Free again when it goes.
    struct Slot: ~Copyable, Sendable {
        let uid: uid_t
        private let lock: OwnedDescriptor

        /// Writes down which cgroup has processes of this uid from now on. What stays written when the holder dies keeps the
        /// uid from everybody until that cgroup is empty.
        borrowing func mark(_ cgroup: String) throws(SystemError) {
            let text = Array(cgroup.utf8)
            try systemCall("write to", "the lock of uid \(uid)") {
                // A shorter path over a longer one would name a cgroup that never was.
                if ftruncate(lock.raw, 0) != 0 { return -Int(errno) }
                let count = text.withUnsafeBytes { pwrite(lock.raw, $0.baseAddress, $0.count, 0) }
                return count == text.count ? 0 : count < 0 ? -Int(errno) : -Int(ENOSPC)
            }
        }

        deinit { ftruncate(lock.raw, 0) }

        fileprivate init(uid: uid_t, lock: consuming OwnedDescriptor) {
            self.uid = uid
            self.lock = lock
        }
    }

    let first: uid_t
    let count: Int
    private let directory: String

    init(first: uid_t, count: Int, stateDirectory: String) throws(ExecutorError) {
        self.first = first
        self.count = count
        directory = "\(stateDirectory)/uids"
        for path in [stateDirectory, directory] {
            let made = mkdir(path, 0o700)
            let saved = Errno(rawValue: errno)
            if made != 0 && saved != .fileExists {
                throw ExecutorError(
                    .host, SystemError("make directory", path, saved), "run as root, or name another state directory")
            }
        }
        var status = stat()
        if lstat(directory, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR || status.st_uid != geteuid()
            || status.st_mode & 0o022 != 0
        {
            throw ExecutorError(
                .host,
                "\(directory) must be a directory of this user that others cannot write to; remove it or name another")
        }
    }

    /// Whether the last holder died and left processes: in the cgroup that it wrote down. What cannot be found out counts as
    /// yes, for a uid must not have two users; but content that no holder wrote, which no later start could read either, as no.
    private static func isStillUsed(_ lock: borrowing OwnedDescriptor) -> Bool {
        var status = stat()
        guard fstat(lock.raw, &status) == 0 else { return true }
        // An absolute path without a NUL, as the kernel takes them.
        guard status.st_size > 0, status.st_size < PATH_MAX else { return false }
        do throws(SystemError) {
            let path = try lock.readAll(limit: Int(PATH_MAX), object: "the lock of a uid")
            guard path.first == UInt8(ascii: "/"), !path.contains(0) else { return false }
            let cgroup = try BeneathDirectory(path: String(decoding: path, as: UTF8.self))
            return try cgroup.readText("cgroup.events").contains("populated 1")
        } catch {
            // It was removed, which the kernel allows only without processes: before the look, or during it.
            return ![ENOENT, ENODEV].contains(error.errno.rawValue)
        }
    }

    /// Takes a free slot. `hint` spreads the search, so that many runs do not all begin at the first.
    func take(hint: Int) throws(ExecutorError) -> Slot {
        for offset in 0..<count {
            let uid = first + uid_t((hint % count + offset) % count)
            let lock: OwnedDescriptor
            do {
                lock = try OwnedDescriptor.open("\(directory)/\(uid)", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            } catch {
                throw ExecutorError(.host, error, "the state directory must be writable")
            }
            if flock(lock.raw, LOCK_EX | LOCK_NB) == 0, !Self.isStillUsed(lock) {
                // What a dead holder left says nothing of the new one's processes.
                ftruncate(lock.raw, 0)
                return Slot(uid: uid, lock: lock)
            }
        }
        throw ExecutorError(
            .host,
            "all \(count) sandbox uids from \(first) are in use; wait for a run to end, or raise the number of slots",
            isTransient: true)
    }
}
