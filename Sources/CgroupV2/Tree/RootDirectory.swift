import Glibc
import SystemSupport

/// Opens the root of the tree: checks that it is ours to use, creates it where it is to be created.
enum RootDirectory {
    /// CGROUP2_SUPER_MAGIC of linux/magic.h.
    private static let cgroup2Magic = 0x6367_7270

    /// Opens `path`, creating missing directories below the deepest one that exists. All of them must be on cgroup2.
    static func open(_ path: String) throws(CgroupError) -> CgroupDirectory {
        guard let (parent, name) = CgroupPath.split(path), !path.split(separator: "/").contains("..") else {
            throw CgroupError(
                .notCgroup2, "use as root", path,
                advice: "name an absolute path without \"..\" on a cgroup2 file system")
        }
        if let found = try openExisting(path) { return found }
        let above = try open(parent)
        try above.makeChild(name)
        return try above.child(name)
    }

    /// Whether something has that name. Throws where it is nothing that could be the root.
    static func exists(_ path: String) throws(CgroupError) -> Bool {
        switch try openExisting(path) {
        case .some: true
        case .none: false
        }
    }

    /// Nil where nothing has that name.
    private static func openExisting(_ path: String) throws(CgroupError) -> CgroupDirectory? {
        guard let descriptor = try openDirectory(path) else { return nil }
        let type = try cgroupCall { () throws(SystemError) in try descriptor.filesystemType(object: path) }
        guard type == cgroup2Magic else {
            throw CgroupError(
                .notCgroup2, "use as root", path,
                advice:
                    "this is no cgroup2 file system; name a directory below the cgroup2 mount (grep cgroup2 /proc/mounts)"
            )
        }
        return CgroupDirectory(BeneathDirectory(owning: descriptor, path: path))
    }

    private static func openDirectory(_ path: String) throws(CgroupError) -> OwnedDescriptor? {
        do { return try OwnedDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) } catch {
            switch error.errno.rawValue {
            case ENOENT: return nil
            case ELOOP, ENOTDIR:
                throw CgroupError(
                    error, code: .notCgroup2,
                    advice: "the root must be a directory, no symlink or file; name the directory itself")
            default: throw CgroupError(error)
            }
        }
    }

    /// Throws `threaded` unless the cgroup can hold domain controllers. The hierarchy's own root has no cgroup.type.
    static func requireDomain(_ root: borrowing CgroupDirectory) throws(CgroupError) {
        guard let text = try root.text("cgroup.type") else { return }
        let type = text.hasSuffix("\n") ? String(text.dropLast()) : text
        if type != "domain" {
            throw CgroupError(
                .threaded, "use as root", root.path,
                advice: "its cgroup.type is \"\(type)\", which cannot limit memory; name a cgroup of type \"domain\" "
                    + "outside any threaded subtree")
        }
    }
}
