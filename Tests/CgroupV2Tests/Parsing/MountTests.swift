import Testing

@testable import CgroupV2

@Suite struct MountTests {
    static let hybrid = """
        23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

        """
    static let hybridSelf = "4:memory:/process_api/22343192\n3:cpuset:/\n0::/\n"
    static let systemd = """
        24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
        35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot

        """
    static let systemdSelf = "0::/scan.slice/scan-executor.service\n"

    @Test func hybridHostHasTheUnifiedMountBesideTheOldOnes() throws {
        let mount = try CgroupMount.find(mountInfo: Self.hybrid, selfCgroup: Self.hybridSelf)
        #expect(
            mount == CgroupMount(mountPoint: "/sys/fs/cgroup/unified", root: "/", isReadOnly: false, ownCgroup: "/"))
        #expect(mount.ownDirectory == "/sys/fs/cgroup/unified")
    }

    @Test func systemdHostShowsOurServiceBelowTheMount() throws {
        let mount = try CgroupMount.find(mountInfo: Self.systemd, selfCgroup: Self.systemdSelf)
        #expect(mount.mountPoint == "/sys/fs/cgroup")
        #expect(mount.ownDirectory == "/sys/fs/cgroup/scan.slice/scan-executor.service")
        #expect(mount.directory(of: "/other") == "/sys/fs/cgroup/other")
    }

    @Test func containerWithTheHostsNamespaceShowsItsPartOnly() throws {
        let text = """
            613 612 0:29 /system.slice/docker-4f2a.scope /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate

            """
        let mount = try CgroupMount.find(mountInfo: text, selfCgroup: "0::/system.slice/docker-4f2a.scope/init\n")
        #expect(mount.root == "/system.slice/docker-4f2a.scope")
        #expect(mount.isReadOnly)
        #expect(mount.ownDirectory == "/sys/fs/cgroup/init")
        #expect(mount.directory(of: "/system.slice") == nil)
    }

    @Test func ofSeveralMountsTheWritableOneThatShowsMostIsTaken() throws {
        let text = """
            40 24 0:30 /user.slice /mnt/part rw,relatime - cgroup2 cgroup2 rw
            41 24 0:30 / /mnt/readonly ro,relatime - cgroup2 cgroup2 rw
            42 24 0:30 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw
            43 24 0:30 /system.slice /mnt/elsewhere rw,relatime - cgroup2 cgroup2 rw

            """
        #expect(try CgroupMount.find(mountInfo: text, selfCgroup: "0::/user.slice/a\n").mountPoint == "/sys/fs/cgroup")
    }

    @Test func escapesInMountPointsAreUndone() throws {
        let text = "42 24 0:30 / /mnt/a\\040b\\134c\\011 rw - cgroup2 none rw\n"
        #expect(try CgroupMount.find(mountInfo: text, selfCgroup: "0::/\n").mountPoint == "/mnt/a b\\c\t")
        #expect(MountInfo.unescaped("a\\04") == nil)
        #expect(MountInfo.unescaped("a\\999") == nil)
        #expect(MountInfo.unescaped("a\\777") == nil)
    }

    /// Text of `unshare --cgroup` on a hybrid host, and of a process that was moved out of its namespace.
    @Test(arguments: [
        ("41 31 0:38 /.. /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n", "0::/\n"),
        ("41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n", "0::/../other\n"),
    ])
    func privateNamespaceIsOneClearError(mounts: String, own: String) {
        let error = #expect(throws: CgroupError.self) { try CgroupMount.find(mountInfo: mounts, selfCgroup: own) }
        #expect(error?.code == .privateNamespace)
        #expect(error?.description.contains("--cgroupns=host") == true)
    }

    @Test(arguments: [
        ("", "0::/\n"), (hybrid, ""), (hybrid, "4:memory:/\n"), (hybrid, "0::/"), (hybrid, "0::relative\n"),
        ("41 31 0:38 / /sys/fs/cgroup rw - cgroup cgroup rw,memory\n", "0::/\n"),
        ("41 31 0:38 /a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/b\n"),
        ("41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "0::/\n"),
    ])
    func withoutAMountThatHoldsUsThereIsOneClearError(mounts: String, own: String) {
        let error = #expect(throws: CgroupError.self) { try CgroupMount.find(mountInfo: mounts, selfCgroup: own) }
        #expect(error?.code == .noMount)
    }

    @Test(arguments: [
        "", "-", "1 2 3", "41 31 0:38 / /x rw - cgroup2", "41 31 0:38 / /x rw cgroup2 cgroup2 rw",
        "a - b - c - d - e - f",
        "41 31 0:38 relative /x rw - cgroup2 cgroup2 rw", "41 31 0:38 / \\ rw - cgroup2 cgroup2 rw",
    ])
    func malformedMountLinesAreSkipped(line: String) {
        #expect(MountInfo(line: line) == nil)
    }

    @Test func everyTruncationIsToleratedAndNoHalfLineCounts() {
        for text in [Self.hybrid, Self.systemd] {
            for length in 0...text.utf8.count {
                let cut = String(decoding: text.utf8.prefix(length), as: UTF8.self)
                for mount in MountInfo.parse(cut) { #expect(MountInfo.parse(text).contains(mount)) }
            }
        }
    }

    @Test func aDeletedOwnCgroupIsNotTakenForALivingOne() {
        #expect(CgroupMount.unifiedPath(in: "0::/a (deleted)\n") == "/a (deleted)")
    }
}
