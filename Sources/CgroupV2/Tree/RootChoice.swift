import Glibc
import SystemSupport

/// Which cgroup is the root of the tree, when the operator names none.
struct RootChoice: Sendable, Equatable {
    var path: String
    /// The root is a new top-level cgroup on a host where nobody else hands out controllers.
    var isBare: Bool

    /// The operator's path; else our own cgroup where systemd delegated it (`Delegate=yes` sets the attribute
    /// `user.delegate`, before systemd 251 `trusted.delegate`); else, for root, `scan.slice` at the top of the mount.
    static func choose(_ given: String?, mount: CgroupMount) throws(CgroupError) -> RootChoice {
        if let given { return RootChoice(path: given, isBare: false) }
        if let delegated = try delegatedDirectory(mount) { return RootChoice(path: delegated, isBare: false) }
        if mount.isReadOnly {
            throw CgroupError(
                .notDelegated, "prepare cgroups below", mount.mountPoint,
                advice: "cgroup2 is mounted read-only here (a container without delegation); mount it read-write, "
                    + "or run on the host")
        }
        if geteuid() != 0 {
            throw CgroupError(
                .notDelegated, "prepare cgroups below", mount.mountPoint,
                advice: "this cgroup is not delegated to this user; run as root, or under systemd with Delegate=yes")
        }
        return RootChoice(path: CgroupPath.joined(mount.mountPoint, "scan.slice"), isBare: true)
    }

    /// Our own cgroup or, when a worker has already moved us to its `supervisor`, the one above.
    private static func delegatedDirectory(_ mount: CgroupMount) throws(CgroupError) -> String? {
        let own = mount.ownDirectory
        if try isDelegated(own) { return own }
        guard let (parent, name) = CgroupPath.split(own), name == CgroupTree.supervisorName,
            CgroupPath.isWithin(parent, mount.mountPoint), try isDelegated(parent)
        else { return nil }
        return parent
    }

    private static func isDelegated(_ path: String) throws(CgroupError) -> Bool {
        guard let directory = try? OwnedDescriptor.open(path, O_RDONLY | O_DIRECTORY) else { return false }
        for name in ["user.delegate", "trusted.delegate"] {
            // EOPNOTSUPP and EPERM: this kernel or this user has no such attributes.
            let value = (try? directory.attribute(name, limit: 16, object: path)) ?? nil
            if value == Array("1".utf8) { return true }
        }
        return false
    }
}
