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
            if flock(lock.raw, LOCK_EX | LOCK_NB) == 0 { return Slot(uid: uid, lock: lock) }
        }
        throw ExecutorError(
            .host,
            "all \(count) sandbox uids from \(first) are in use; wait for a run to end, or raise the number of slots",
            isTransient: true)
    }
}
