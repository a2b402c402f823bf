import Glibc
import SystemSupport

/// Who can read a tree, found before the scan: one that silently misses files would find nothing in them.
struct TreeSurvey: Sendable {
    enum Readers: Sendable {
        /// Any uid can read every directory and file.
        case everybody
        /// The owner and the group of the tree's top can, once they are mapped to the reader's.
        case owner
    }

    let path: String
    /// Of the tree's top.
    let owner: (uid: uid_t, gid: gid_t)
    /// The mode of the top.
    let top: mode_t

    /// Throws where some file can be read by neither, and names it.
    func readers(of directory: borrowing BeneathDirectory) throws(ExecutorError) -> Readers {
        var readers: Readers = top & 0o005 == 0o005 ? .everybody : .owner
        var hidden: String?
        if top & 0o500 != 0o500 && readers == .owner { hidden = "." }
        do {
            try directory.walk(staysOnDevice: true) { entry in
                let needed: mode_t
                switch entry.status.st_mode & S_IFMT {
                case S_IFDIR: needed = 0o5
                case S_IFREG: needed = 0o4
                default: return true
                }
                let mode = entry.status.st_mode
                if mode & needed != needed { readers = .owner }
                // The first class that fits decides, and no other: path_resolution(7).
                let shift: mode_t = entry.status.st_uid == owner.uid ? 6 : entry.status.st_gid == owner.gid ? 3 : 0
                if hidden == nil && (mode >> shift) & needed != needed { hidden = entry.path }
                return readers == .everybody || hidden == nil
            }
        } catch {
            throw ExecutorError(
                .target, error, "the target must be readable for root, and no deeper than a path of 4096 bytes")
        }
        if readers == .owner, let hidden {
            throw ExecutorError(
                .target,
                "target \(path): \(hidden) can be read neither by everybody nor by the owner of the target, so the scan would miss it; "
                    + "make it readable (chmod -R a+rX), or give the whole tree one owner")
        }
        return readers
    }
}
