import Glibc
import SystemSupport

/// How file owners are seen through a mount, mount_setattr(2) MOUNT_ATTR_IDMAP: the files of one user and group of the file
/// system appear to belong to the sandbox's. Nobody else's files do, and nothing on disk changes.
public final class IdentityMap: Sendable {
    let namespace: OwnedDescriptor

    init(owning namespace: consuming OwnedDescriptor) {
        self.namespace = namespace
    }
}

extension Launcher {
    /// Makes the map. The user namespace that carries it is made by a child that does nothing else and ends here.
    public func identityMap(
        fromUser: uid_t, group fromGroup: gid_t, toUser: uid_t, group toGroup: gid_t
    ) async throws -> IdentityMap {
        let holder = try await hold(flags: UInt64(newUserNamespace), cgroup: nil)
        let base = "/proc/\(holder.pid)"
        // On failures too: the launching thread waits for its end.
        defer { holder.end() }
        try Self.writeMap("\(fromUser) \(toUser) 1\n", "\(base)/uid_map")
        try Self.writeMap("\(fromGroup) \(toGroup) 1\n", "\(base)/gid_map")
        return IdentityMap(owning: try OwnedDescriptor.open("\(base)/ns/user", O_RDONLY))
    }

    private static func writeMap(_ text: String, _ path: String) throws(SystemError) {
        let file = try OwnedDescriptor.open(path, O_WRONLY)
        try systemCall("write \"\(text.dropLast())\" to", path) {
            let count = write(file.raw, text, text.utf8.count)
            return count < 0 ? -Int(errno) : count
        }
    }
}

/// CLONE_NEWUSER of clone(2), which glibc shows only to GNU sources.
private let newUserNamespace = 0x1000_0000
