import CSystemSupport
import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

/// What a program finds in its sandbox: the forbidden thing refused, and beside it the permitted one working.
@Suite(.serialized) struct IsolationTests {
    let sandbox: SandboxFixture
    init() throws { sandbox = try SandboxFixture.shared.get() }

    private func output(_ script: String, _ adjust: (inout LaunchPlan) throws -> Void = { _ in }) async throws
        -> [String]
    {
        var plan = sandbox.plan("/bin/sh", "-c", "exec 2>&1; " + script)
        try adjust(&plan)
        let facts = try await sandbox.run(plan, limits: SupervisionLimits(wall: .seconds(120)))
        return facts.stdout.text.split(separator: "\n").map(String.init)
    }

    private func withTmp(_ plan: inout LaunchPlan) throws {
        plan.mounts = [
            .init(
                try .tmpfs(
                    size: .mebibytes(1), inodes: 8, uid: plan.uid, gid: plan.gid,
                    attributes: [.noSetuid, .noDevices]), at: "/tmp")
        ]
    }

    @Test func onlyItsOwnDescriptorsAreOpen() async throws {
        let marker = try OwnedDescriptor.open("/etc/passwd", O_RDONLY)
        // The shell's own listing is descriptor 3 of `ls`.
        #expect(try await output("ls /proc/self/fd") == ["0", "1", "2", "3"])
        withExtendedLifetime(marker.raw) {}
    }

    @Test func itHasNoCapabilityAndCannotGainOne() async throws {
        let lines = try await output("grep -E '^(Cap|NoNewPrivs)' /proc/self/status | tr -d '\\t'")
        #expect(
            lines == [
                "CapInh:0000000000000000", "CapPrm:0000000000000000", "CapEff:0000000000000000",
                "CapBnd:0000000000000000",
                "CapAmb:0000000000000000", "NoNewPrivs:1",
            ])
    }

    @Test func itsIdentityIsItsOwn() async throws {
        let lines = try await output("id -u; id -g; id -G")
        #expect(lines == Array(repeating: "\(SandboxFixture.uid)", count: 3))
    }

    @Test func theOOMKillersOpinionOfTheSupervisorIsNotInherited() async throws {
        let process = try BeneathDirectory(path: "/proc/self")
        try process.write("500", to: "oom_score_adj")
        defer { try? process.write("0", to: "oom_score_adj") }
        #expect(try await output("cat /proc/self/oom_score_adj /proc/1/oom_score_adj") == ["0", "0"])
        #expect(try process.readText("oom_score_adj") == "500\n")
    }

    @Test func standardOutputCanBeOpenedByName() async throws {
        let plan = sandbox.plan("/bin/sh", "-c", "echo named >/proc/self/fd/1; echo two >/proc/self/fd/2")
        let facts = try await sandbox.run(plan)
        #expect(facts.stdout.text == "named\n")
        #expect(facts.stderr.text == "two\n")
    }

    @Test func theEnvironmentIsWhatThePlanSays() async throws {
        setenv("SCAN_EXECUTOR_SECRET", "1", 1)
        #expect(try await output("/usr/bin/env | grep -E 'SECRET|^PATH'") == ["PATH=/usr/bin:/bin"])
    }

    @Test func itSeesItsOwnProcessesOnly() async throws {
        #expect(try await output("echo $PPID; ls -d /proc/[0-9]* | head -2") == ["1", "/proc/1", "/proc/2"])
    }

    @Test func procShowsNoHostStateAndPid1IsClosed() async throws {
        let lines = try await output(
            "for f in /proc/sys /proc/kcore /proc/kallsyms /proc/sysrq-trigger; do [ -e $f ] && echo $f; done; "
                + "cat /proc/1/environ; cat /proc/self/comm")
        #expect(lines == ["cat: /proc/1/environ: Permission denied", "cat"])
    }

    @Test func theRootAndTheProgramsAreReadOnly() async throws {
        let lines = try await output("echo x >/etc/x; echo x >/usr/x; echo x >/tmp/x && cat /tmp/x", withTmp)
        #expect(lines.count == 3)
        #expect(lines[0].contains("Read-only file system") || lines[0].contains("Permission denied"))
        #expect(lines[1].contains("Read-only file system") || lines[1].contains("Permission denied"))
        #expect(lines[2] == "x")
    }

    @Test func theHostsFilesAreNotThere() async throws {
        #expect(
            try await output("ls /; ls /etc") == [
                "bin", "dev", "etc", "lib", "lib64", "out", "proc", "sbin", "src", "tmp", "usr", "passwd",
            ])
    }

    @Test func quotasOfBytesAndInodesHold() async throws {
        let lines = try await output(
            """
            head -c 2000000 /dev/zero >/tmp/big || echo full; rm /tmp/big
            i=0; while touch /tmp/$i; do i=$((i+1)); done 2>/dev/null; echo $i; rm /tmp/*
            head -c 900000 /dev/zero >/tmp/fits && echo fits
            """, withTmp)
        // Of eight inodes the root has one.
        #expect(lines.suffix(3) == ["full", "7", "fits"])
    }

    @Test func thereIsNoNetworkUnlessAskedFor() async throws {
        let script = "ls -d /sys/* 2>/dev/null; grep -o '^ *[a-z0-9]*:' /proc/self/net/dev | tr -d ' '"
        #expect(try await output(script) == ["lo:"])
        let connect =
            "/usr/bin/perl -MSocket -e 'socket(S,PF_INET,SOCK_STREAM,0); connect(S,pack_sockaddr_in(9,inet_aton(\"127.0.0.1\"))) or print $!'"
        #expect(try await output(connect) == ["Network is unreachable"])
        #expect(try await output(connect) { $0.network = .loopback } == ["Connection refused"])
    }

    @Test func setuidProgramsGainNothing() async throws {
        #expect(
            try await output("/bin/su -c id </dev/null >/dev/null; echo $?; id -u").suffix(1) == [
                "\(SandboxFixture.uid)"
            ])
        #expect(try await output("/usr/bin/mount -t tmpfs none /tmp || echo refused").last == "refused")
    }

    @Test func anotherSandboxIsInvisible() async throws {
        var ends: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        let own = OwnedDescriptor(owning: ends[0])
        let theirs = SharedDescriptor(owning: OwnedDescriptor(owning: ends[1]))
        async let other = output("echo secret >/tmp/mine; echo >&0; read -r answer; cat /tmp/mine") {
            try withTmp(&$0)
            $0.standardInput = theirs
        }
        // Asked again and again: a thread that waits may be the only one that could start the other. Should that never start,
        // this test fails instead of waiting for it.
        var byte: UInt8 = 0
        let patience = ContinuousClock.now + .seconds(120)
        while recv(own.raw, &byte, 1, CInt(MSG_DONTWAIT)) != 1 {
            try #require(ContinuousClock.now < patience)
            try await Task.sleep(for: .milliseconds(1))
        }
        // From here on the other one sits in its `read`, until it is answered.
        let seen = try await output("ls /tmp; cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo end", withTmp)
        #expect(seen.count == 1)
        #expect(seen.last?.hasSuffix("end") == true && seen.last?.contains("answer") == false)
        #expect(write(own.raw, "\n", 1) == 1)
        #expect(try await other == ["secret"])
    }

    @Test(.enabled(if: LandlockRuleset.abi != nil, "needs Landlock"))
    func landlockForbidsWhatMountsWouldAllow() async throws {
        let abi = try #require(LandlockRuleset.abi)
        let devices = try OwnedDescriptor.open("/dev", .path)
        var plan = sandbox.plan(
            "/bin/sh", "-c", "echo x >/tmp/allowed && cat /tmp/allowed; echo x >/out/refused 2>/dev/null || echo no")
        let mounts = try ["/tmp", "/out"].map {
            LaunchPlan.Mount(
                try .tmpfs(size: .mebibytes(1), inodes: 8, uid: plan.uid, gid: plan.gid, attributes: []), at: $0)
        }
        plan.mounts = mounts
        plan.landlock = try LandlockRuleset(
            abi: abi, readable: sandbox.root.root, devices: devices, writable: [mounts[0].mount], allowsTCP: false)
        let facts = try await sandbox.run(plan)
        #expect(facts.stdout.text == "x\nno\n")
    }

    /// What is mounted in the original of a bind later stays outside of the sandbox.
    @Test func aBindOfASharedMountIsNoPeerOfIt() async throws {
        let directory = "/tmp/scan-executor-shared-\(getpid())"
        #expect(mkdir(directory, 0o755) == 0)
        defer { rmdir(directory) }
        // In a mount namespace of its own, so that the host sees nothing of it.
        let bind = try SystemThread.runApart("shared") {
            Result { () throws(SystemError) in
                try systemCall("unshare", "mounts") { csys_unshare_mounts() }
                try systemCall("make private", "mounts") { csys_make_mounts_private() }
                let original = try DetachedMount.tmpfs(
                    size: .mebibytes(1), inodes: 8, uid: 0, gid: 0, attributes: .noDevices)
                try systemCall("mount", directory) {
                    csys_move_mount(
                        original.descriptor.raw, "", AT_FDCWD, directory, UInt32(CSYS_MOVE_FROM_EMPTY_PATH))
                }
                try systemCall("share", directory) {
                    csys_mount_setattr(AT_FDCWD, directory, 0, 0, 0, sharedPropagation, 0)
                }
                return try DetachedMount.bind(directory, attributes: [.readOnly, .noSetuid, .noDevices])
            }
        }.get()
        let lines = try await output("grep -c ' /src ' /proc/self/mountinfo; grep -c 'shared:' /proc/self/mountinfo") {
            $0.mounts = [.init(bind, at: "/src")]
        }
        #expect(lines == ["1", "0"])
    }

    @Test func filesOfAnotherUserAreReadThroughAnIdentityMap() async throws {
        let directory = "/tmp/scan-executor-idmap-\(getpid())"
        #expect(mkdir(directory, 0o700) == 0)
        defer {
            unlink("\(directory)/f")
            rmdir(directory)
        }
        let file = try OwnedDescriptor.open("\(directory)/f", O_WRONLY | O_CREAT, mode: 0o600)
        _ = write(file.raw, "private\n", 8)
        fchown(file.raw, 12345, 12345)
        chown(directory, 12345, 12345)
        let attributes: DetachedMount.Attributes = [.readOnly, .noSetuid, .noDevices]
        let bare = try await output("cat /src/f") {
            $0.mounts = [.init(try .bind(directory, attributes: attributes), at: "/src")]
        }
        #expect(bare == ["cat: /src/f: Permission denied"])
        let map = try await sandbox.supervisor.launcher.identityMap(
            fromUser: 12345, group: 12345, toUser: SandboxFixture.uid, group: SandboxFixture.uid)
        do {
            let mapped = try await output("cat /src/f; echo x >/src/f") {
                $0.mounts = [.init(try .bind(directory, attributes: attributes, identities: map), at: "/src")]
            }
            #expect(mapped.first == "private")
            #expect(mapped.last?.contains("Read-only") == true)
        } catch let error as SystemError {
            // A file system without support says so with EINVAL, and nothing else.
            #expect(error.errno == .invalidArgument)
        }
    }
}

/// MS_SHARED of mount(2), which glibc shows only to GNU sources.
private let sharedPropagation: UInt64 = 1 << 20
