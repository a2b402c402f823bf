import SystemSupport

/// Where the unified hierarchy is mounted, and where this process is in it.
public struct CgroupMount: Sendable, Equatable {
    /// The mount point, such as `/sys/fs/cgroup` or, on hybrid hosts, `/sys/fs/cgroup/unified`.
    public var mountPoint: String
    /// The cgroup that the mount shows as its top; `/` for the whole hierarchy.
    public var root: String
    public var isReadOnly: Bool
    /// This process's cgroup, as `/proc/self/cgroup` names it.
    public var ownCgroup: String

    /// Reads /proc/self/mountinfo and /proc/self/cgroup.
    ///
    /// Throws `noMount` where there is no cgroup2 mount, or none that holds this process; `privateNamespace` where the
    /// cgroup namespace hides either.
    public static func find() throws(CgroupError) -> CgroupMount {
        let mounts = try readProc("/proc/self/mountinfo")
        let own = try readProc("/proc/self/cgroup")
        return try find(mountInfo: mounts, selfCgroup: own)
    }

    /// As ``find()``, on given text. Of several cgroup2 mounts it takes the one that shows the most of the hierarchy
    /// above this process, writable ones first; of equals the last, which covers what is mounted below it.
    public static func find(mountInfo: String, selfCgroup: String) throws(CgroupError) -> CgroupMount {
        let mounts = MountInfo.parse(mountInfo).filter { $0.filesystemType == "cgroup2" }
        if mounts.isEmpty {
            throw CgroupError(
                .noMount, "find", "cgroup2 in /proc/self/mountinfo",
                advice: "no cgroup2 file system is mounted; mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
        }
        guard let own = unifiedPath(in: selfCgroup) else {
            throw CgroupError(
                .noMount, "find", "the line \"0::\" in /proc/self/cgroup",
                advice: "the kernel shows no unified hierarchy to this process; boot without cgroup_no_v2")
        }
        let visible = mounts.filter { !climbsOut($0.root) }
        if climbsOut(own) || visible.isEmpty {
            throw CgroupError(
                .privateNamespace, "find", climbsOut(own) ? "own cgroup \(own)" : "mount root \(mounts[0].root)",
                advice: "a private cgroup namespace hides this process's place in the hierarchy; "
                    + "start it in the namespace that mounted cgroup2 (docker: --cgroupns=host)")
        }
        let holding = visible.filter { CgroupPath.isWithin(own, $0.root) }
        guard let first = holding.first else {
            throw CgroupError(
                .noMount, "find", "own cgroup \(own) below \(visible.map(\.mountPoint).joined(separator: ", "))",
                advice: "the cgroup2 mounts here show other parts of the hierarchy; mount the part this process is in")
        }
        let best = holding.dropFirst().reduce(first) { best, next in
            if best.isReadOnly != next.isReadOnly { return best.isReadOnly ? next : best }
            return next.root.utf8.count <= best.root.utf8.count ? next : best
        }
        return CgroupMount(
            mountPoint: best.mountPoint, root: best.root, isReadOnly: best.isReadOnly, ownCgroup: own)
    }

    /// The directory of a cgroup that `/proc/PID/cgroup` names; nil where this mount does not show it.
    public func directory(of cgroup: String) -> String? {
        guard let below = CgroupPath.below(cgroup, root) else { return nil }
        return below.isEmpty ? mountPoint : CgroupPath.joined(mountPoint, below)
    }

    /// This process's own directory.
    public var ownDirectory: String { directory(of: ownCgroup) ?? mountPoint }

    /// The path after `0::` in the text of /proc/PID/cgroup (cgroups(7)). Nil where there is no such whole line.
    /// A removed cgroup's ` (deleted)` stays in the name: no directory has it, so nothing is mistaken for it.
    public static func unifiedPath(in text: String) -> String? {
        for line in KernelText.lines(of: text) where line.hasPrefix("0::/") {
            return String(line.dropFirst(3))
        }
        return nil
    }

    private static func climbsOut(_ path: String) -> Bool {
        path.split(separator: "/").contains("..")
    }

    private static func readProc(_ path: String) throws(CgroupError) -> String {
        try cgroupCall { () throws(SystemError) in
            let file = try OwnedDescriptor.open(path, 0)
            // Container hosts have thousands of mounts; 16 MiB is a bound, not an expectation.
            return String(decoding: try file.readAll(limit: 16 << 20, object: path), as: UTF8.self)
        }
    }
}
