import Glibc
import SystemSupport

extension CgroupTree {
    /// Creates the cgroup of one scan, with its lock, its lease and its limits, in this order.
    ///
    /// Throws for invalid names and limits, `alreadyExists`, `exhausted`, and what the system refuses; then nothing is
    /// left behind. A limit that the kernel does not offer or refuses is not an error: look at ``CgroupLeaf/limits``
    /// and decide.
    ///
    /// - Parameters:
    ///   - type: the scanner type; its directory is created at need.
    ///   - name: unique in the type: `<task id>.<attempt>`.
    public func makeLeaf(
        type: String, name: String, limits: CgroupLimits, lease: Lease
    ) throws(CgroupError) -> CgroupLeaf {
        try limits.validate()
        try CgroupName.check(name, what: "leaf name")
        let parent = try typeDirectory(type)
        do { return try CgroupTree.makeLeaf(name, limits, lease, in: parent) } catch {
            // The remembered type directory was removed by somebody: once more with a new one.
            if error.code != .vanished { throw error }
        }
        return try CgroupTree.makeLeaf(name, limits, lease, in: try typeDirectory(type, forgetting: parent))
    }

    private static func makeLeaf(
        _ name: String, _ limits: CgroupLimits, _ lease: Lease, in parent: TypeDirectory
    ) throws(CgroupError) -> CgroupLeaf {
        try parent.beginCreation()
        defer { parent.endCreation() }
        guard try parent.cgroup.makeChild(name) else {
            throw CgroupError(
                .alreadyExists, "mkdir", "\(parent.cgroup.path)/\(name)",
                advice: CgroupError.Code.alreadyExists.generalAdvice)
        }
        let cgroup: CgroupDirectory
        do { cgroup = try claim(name, in: parent) } catch {
            try? parent.cgroup.removeChild(name)
            throw error
        }
        let facts: [LimitFact]
        do {
            try cgroup.setLease(lease)
            facts = try limits.apply(to: cgroup)
        } catch {
            // While it is open and locked: with a lease and no lock it would be a dead worker's.
            try? parent.cgroup.removeChild(name)
            withExtendedLifetime(cgroup) {}
            throw error
        }
        return CgroupLeaf(name: name, cgroup: cgroup, parent: parent, limits: facts)
    }

    /// Opens the new cgroup and locks it.
    private static func claim(_ name: String, in parent: TypeDirectory) throws(CgroupError) -> CgroupDirectory {
        let cgroup = try parent.cgroup.child(name)
        // The lock before the lease: a lease without a lock is a dead worker's.
        let locked = try cgroupCall { () throws(SystemError) in try cgroup.files.descriptor.tryLock(object: cgroup.path)
        }
        if !locked {
            throw CgroupError(.vanished, "lock", cgroup.path, advice: "another worker is reaping it; try again")
        }
        return cgroup
    }
}
