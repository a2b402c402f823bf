import CSystemSupport
import Glibc
public import SystemSupport

/// A mount that hangs nowhere yet: made by the supervisor, moved into its sandbox by the child.
///
/// The descriptor stays good after the sandbox is gone, which is how `/out` is read once the last process has ended.
public final class DetachedMount: Sendable {
    public let descriptor: OwnedDescriptor

    init(owning descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// What a mount forbids, MOUNT_ATTR_* of mount_setattr(2).
    public struct Attributes: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let readOnly = Attributes(rawValue: UInt32(CSYS_MOUNT_READ_ONLY))
        public static let noSetuid = Attributes(rawValue: UInt32(CSYS_MOUNT_NOSUID))
        public static let noDevices = Attributes(rawValue: UInt32(CSYS_MOUNT_NODEV))
        public static let noExecute = Attributes(rawValue: UInt32(CSYS_MOUNT_NOEXEC))
    }

    /// A new tmpfs whose root belongs to `uid` and `gid` with mode 0700.
    ///
    /// - Parameters:
    ///   - size: quota in bytes; rounded up to pages by the kernel. Must not be zero, which tmpfs(5) takes for no limit.
    ///   - inodes: quota of files and directories, the root among them. Not zero, likewise.
    public static func tmpfs(
        size: ByteCount, inodes: UInt32, uid: uid_t, gid: gid_t, attributes: Attributes
    ) throws(SystemError) -> DetachedMount {
        precondition(size.bytes > 0 && inodes > 0, "tmpfs takes zero for no limit")
        return try tmpfs(
            options: [
                ("size", "\(size.bytes)"), ("nr_inodes", "\(inodes)"), ("mode", "0700"), ("uid", "\(uid)"),
                ("gid", "\(gid)"),
            ],
            attributes: attributes)
    }

    static func tmpfs(
        options: [(key: String, value: String)], attributes: Attributes
    ) throws(SystemError) -> DetachedMount {
        let context = OwnedDescriptor(owning: CInt(try systemCall("open", "tmpfs") { csys_fsopen("tmpfs", 1) }))
        let number = context.raw
        for (key, value) in options {
            try systemCall("set \(key)=\(value) of", "tmpfs") { csys_fsconfig_string(number, key, value) }
        }
        try systemCall("create", "tmpfs") { csys_fsconfig_create(number) }
        let mount = try systemCall("mount", "tmpfs") { csys_fsmount(number, 1, attributes.rawValue) }
        return DetachedMount(owning: OwnedDescriptor(owning: CInt(mount)))
    }

    /// A copy of the mount tree at `path` (an operator's path: symlinks in it are followed), with what is mounted below
    /// it if `isRecursive`, all of it restricted by `attributes`. With `identities`, file owners are seen through that map;
    /// EINVAL where the file system cannot.
    public static func bind(
        _ path: String, isRecursive: Bool = true, attributes: Attributes, identities: IdentityMap? = nil
    ) throws(SystemError) -> DetachedMount {
        let flags = UInt32(CSYS_TREE_CLONE | CSYS_TREE_CLOEXEC) | (isRecursive ? UInt32(CSYS_AT_RECURSIVE) : 0)
        let mount = try systemCall("bind", path) { csys_open_tree(AT_FDCWD, path, flags) }
        return try restrict(owning: OwnedDescriptor(owning: CInt(mount)), path, attributes, identities)
    }

    /// As ``bind(_:isRecursive:attributes:identities:)``, of what is already open: a directory that was checked is the one mounted.
    public static func bind(
        _ descriptor: borrowing OwnedDescriptor, named path: String, attributes: Attributes,
        identities: IdentityMap? = nil
    ) throws(SystemError) -> DetachedMount {
        let flags = UInt32(CSYS_TREE_CLONE | CSYS_TREE_CLOEXEC | CSYS_AT_RECURSIVE | CSYS_AT_EMPTY_PATH)
        let source = descriptor.raw
        let mount = try systemCall("bind", path) { csys_open_tree(source, "", flags) }
        return try restrict(owning: OwnedDescriptor(owning: CInt(mount)), path, attributes, identities)
    }

    /// True where its root directory surely has no entry.
    public var isEmpty: Bool {
        guard let copy = try? descriptor.duplicate() else { return false }
        return (try? BeneathDirectory(owning: copy, path: "mount").entryNames())?.isEmpty ?? false
    }

    /// Makes what another mount can be put on: `path` in this one, a file where `source` is one, with the directories on the
    /// way, which are root's and open to all.
    public func makeMountPoint(_ path: String, for source: String) throws(SystemError) {
        var status = stat()
        try systemCall("look at", source) { stat(source, &status) == 0 ? 0 : -Int(errno) }
        let components = path.split(separator: "/")
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        var built = ""
        for component in components.dropLast(isDirectory ? 0 : 1) {
            built += built.isEmpty ? "\(component)" : "/\(component)"
            let directory = built
            try systemCall("make directory", path) {
                let result = mkdirat(descriptor.raw, directory, 0o755)
                let saved = errno
                return result == 0 || saved == EEXIST ? 0 : -Int(saved)
            }
        }
        if isDirectory { return }
        let file = try systemCall("make file", path) {
            let result = openat(descriptor.raw, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o444)
            return result < 0 ? -Int(errno) : Int(result)
        }
        close(CInt(file))
    }

    private static func restrict(
        owning mount: consuming OwnedDescriptor, _ path: String, _ attributes: Attributes, _ identities: IdentityMap?
    ) throws(SystemError) -> DetachedMount {
        let number = mount.raw
        let namespace = identities.map { UInt64($0.namespace.raw) } ?? 0
        let mapping = identities == nil ? 0 : UInt64(CSYS_MOUNT_IDMAP)
        try systemCall(identities == nil ? "restrict bind of" : "map identities of", path) {
            csys_mount_setattr(
                // Private: a copy of a shared mount is its peer, and what the host mounts there later would appear in the
                // sandbox as well, without any of these attributes.
                number, "", UInt32(CSYS_AT_EMPTY_PATH | CSYS_AT_RECURSIVE), UInt64(attributes.rawValue) | mapping, 0,
                UInt64(CSYS_MOUNT_PRIVATE), namespace)
        }
        return DetachedMount(owning: mount)
    }
}
