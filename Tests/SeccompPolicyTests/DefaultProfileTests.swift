import CSeccompTestSupport
import Glibc
import SeccompPolicy
import Testing

/// The shipped profiles on real processes: what they refuse, and beside it what they permit.
@Suite struct DefaultProfileTests {
    let filter: CompiledFilter
    let network: CompiledFilter

    init() throws {
        filter = try Shipped.profiles.filter(named: "default")
        network = try Shipped.profiles.filter(named: "network")
    }

    private func fails(_ call: SandboxedCall, _ errno: CInt, _ filter: CompiledFilter? = nil) throws {
        #expect(try call.run(under: filter ?? self.filter) == .returned(-Int64(errno)), "\(call.testDescription)")
    }

    @Test func ordinaryCallsGoThrough() throws {
        #expect(try SandboxedCall("getuid").run(under: filter) == .returned(Int64(getuid())))
        #expect(try SandboxedCall("close_range", 1000, 2000, 0).run(under: filter) == .returned(0))
        // The call reached the kernel's own check.
        try fails(SandboxedCall("openat", UInt64(bitPattern: -100), 0, 0), EFAULT)
        try fails(SandboxedCall("execveat", UInt64(UInt32(bitPattern: -1)), 0, 0, 0, 0x1000), EFAULT)
        try fails(SandboxedCall("wait4", UInt64(bitPattern: -1), 0, 0, 0), ECHILD)
    }

    @Test func probedCallsDoNotExist() throws {
        for name in [
            "clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "io_setup", "landlock_create_ruleset",
            "memfd_secret",
        ] {
            try fails(SandboxedCall(name, 0, 0, 0), ENOSYS)
        }
        // The control: without the filter the kernel looks at the (wrong) arguments.
        #expect(try SandboxedCall("clone3", 0, 0).run(under: nil) == .returned(-Int64(EINVAL)))
    }

    @Test func numbersYoungerThanTheProfileDoNotExist() throws {
        let profile = try Shipped.profiles.profile(named: "default")
        for number in [profile.highestNumber + 1, 511, 512, 547, 1000, 0x3FFF_FFFF] as [Int32] {
            try fails(SandboxedCall(number: Int64(number)), ENOSYS)
        }
        #expect(
            try SandboxedCall(number: Int64(SyscallName.number(for: "gettid"))).run(under: filter)
                != .returned(-Int64(ENOSYS)))
    }

    @Test func newNamespacesAreRefusedAndPlainForksAreNot() throws {
        for flag: UInt64 in [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000]
        {
            try fails(SandboxedCall("clone", flag | UInt64(SIGCHLD), 0, 0, 0, 0), EPERM)
            // The kernel reads 32 bits of the flags.
            try fails(SandboxedCall("clone", flag | UInt64(SIGCHLD) | 1 << 63, 0, 0, 0, 0), EPERM)
            try fails(SandboxedCall("unshare", flag), EPERM)
        }
        // CLONE_THREAD without CLONE_SIGHAND: the kernel's own refusal, so the filter let it pass and no child was made.
        try fails(SandboxedCall("clone", 0x0001_0000, 0, 0, 0, 0), EINVAL)
    }

    /// Calls that would do no harm without the filter, so that the control can make them: they get another answer there.
    @Test func refusedCallsGetEPERM() throws {
        let bad = UInt64(UInt32(bitPattern: -1))
        let calls = try [
            SandboxedCall("mount", 0, 0, 0, 0, 0), SandboxedCall("umount2", 0, 0), SandboxedCall("pivot_root", 0, 0),
            SandboxedCall("setns", bad, 0), SandboxedCall("chroot", 0), SandboxedCall("ptrace", 0x4206, 0, 0, 0),
            SandboxedCall("process_vm_readv", 0, 0, 0, 0, 0, 0), SandboxedCall("process_vm_writev", 0, 0, 0, 0, 0, 0),
            SandboxedCall("pidfd_getfd", bad, 0, 0), SandboxedCall("bpf", 99, 0, 0),
            SandboxedCall("perf_event_open", 0, 0, 0, 0, 0), SandboxedCall("userfaultfd", bad),
            SandboxedCall("add_key", 0, 0, 0, 0, 0), SandboxedCall("keyctl", 99, 0, 0, 0, 0),
            SandboxedCall("request_key", 0, 0, 0, 0), SandboxedCall("open_by_handle_at", bad, 0, 0),
            SandboxedCall("syslog", 99, 0, 0), SandboxedCall("quotactl", 0, 0, 0, 0), SandboxedCall("swapon", 0, 0),
            SandboxedCall("reboot", 0, 0, 0, 0), SandboxedCall("settimeofday", 1, 0),
            SandboxedCall("clock_settime", 99, 0),
            SandboxedCall("open_tree", bad, 0, 0), SandboxedCall("move_mount", bad, 0, bad, 0, 0),
            SandboxedCall("fsopen", 0, 0),
            SandboxedCall("fsmount", bad, 0, 0), SandboxedCall("mount_setattr", bad, 0, 0, 0, 0),
            SandboxedCall("fanotify_init", bad, 0), SandboxedCall("setgroups", bad, 0),
            SandboxedCall("seccomp", 99, 0, 0),
            SandboxedCall("vmsplice", bad, 0, 0, 0), SandboxedCall("migrate_pages", 0, 0, 0, 0),
        ]
        for call in calls {
            try fails(call, EPERM)
            #expect(try call.run(under: nil) != .returned(-Int64(EPERM)), "\(call.testDescription) without the filter")
        }
    }

    /// Not to be made without a filter; what the filter answers is known without a kernel too.
    @Test func identitiesAndTheHostAreRefused() throws {
        for name in [
            "setuid", "setgid", "setresuid", "setresgid", "setfsuid", "capset", "acct", "swapoff", "vhangup", "sync",
            "syncfs",
            "sethostname", "kcmp", "name_to_handle_at", "process_madvise", "sysfs", "uselib", "shmget",
        ] {
            try fails(SandboxedCall(name, 0, 0, 0, 0, 0), EPERM)
        }
    }

    @Test func attacksAreKilled() throws {
        for name in [
            "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "iopl", "ioperm",
            "modify_ldt",
        ] {
            #expect(try SandboxedCall(name, 0, 0, 0, 0, 0).run(under: filter) == .signaled(SIGSYS), "\(name)")
        }
        #expect(try SandboxedCall("getpgrp").run(under: filter) != .signaled(SIGSYS))
    }

    @Test func x32NumbersAreKilled() throws {
        let getpid = Int64(try SyscallName.number(for: "getpid"))
        for number in [0x4000_0000 | getpid, 0x4000_0000, 0x4000_0000 | 520, 0x7FFF_FFFF] as [Int64] {
            #expect(try SandboxedCall(number: number).run(under: filter) == .signaled(SIGSYS), "\(number)")
        }
        guard case .returned(let pid) = try SandboxedCall(number: getpid).run(under: filter) else {
            Issue.record("getpid did not return")
            return
        }
        #expect(pid > 0)
    }

    /// User-mode Linux has one table for both entries, and some kernels are built without the old one.
    static let has32BitEntry: Bool = {
        // 20 is getpid there, writev(0, ...) in the 64-bit table.
        guard case .returned(let pid)? = try? SandboxedCall(number: 20, entry: CInt(CSTS_INT_80)).run(under: nil) else {
            return false
        }
        return pid > 1
    }()

    @Test(.enabled(if: has32BitEntry, "the kernel has a 32-bit entry of its own"))
    func the32BitEntryIsKilled() throws {
        #expect(try SandboxedCall(number: 20, entry: CInt(CSTS_INT_80)).run(under: filter) == .signaled(SIGSYS))
    }

    @Test func anotherArchitectureIsKilledWhateverItsNumber() {
        // AUDIT_ARCH_I386 and AUDIT_ARCH_AARCH64, or whichever of them is foreign.
        for arch: UInt32 in [0x4000_0003, 0xC000_00B7] {
            let foreign = [0, 1, 20, 39, 500].map { filter.action(for: SeccompCall(number: $0, arch: arch)) }
            if SyscallName.nativeArchitecture == "aarch64" && arch == 0xC000_00B7 { continue }
            #expect(foreign.allSatisfy { $0 == .killProcess })
        }
    }

    @Test func terminalInjectionIsRefusedWhateverTheUpperHalfHolds() throws {
        for request: UInt64 in [0x5412, 0x541C, 0x5412 | 1 << 32, 0x541C | 0xFFFF_FFFF_0000_0000] {
            try fails(SandboxedCall("ioctl", UInt64(UInt32(bitPattern: -1)), request, 0), EPERM)
        }
        // TCGETS on no descriptor at all: the kernel's own answer.
        try fails(SandboxedCall("ioctl", UInt64(UInt32(bitPattern: -1)), 0x5401, 0), EBADF)
    }

    @Test func limitsOfOthersAreRefused() throws {
        try fails(SandboxedCall("prlimit64", 1, 7, 0, 0), EPERM)
        try fails(SandboxedCall("prlimit64", UInt64(getpid()), 7, 0, 0), EPERM)
        #expect(try SandboxedCall("prlimit64", 0, 7, 0, 0).run(under: filter) == .returned(0))
    }

    @Test func onlyHarmlessPersonalitiesAreTaken() throws {
        for persona: UInt64 in [0x0040_0000, 0x0100_0000, 0x0020_0000, 8] {
            try fails(SandboxedCall("personality", persona), EPERM)
        }
        for persona: UInt64 in [0, 0x0004_0000, 0xFFFF_FFFF] {
            guard case .returned(let old) = try SandboxedCall("personality", persona).run(under: filter) else {
                Issue.record("personality \(persona) did not return")
                continue
            }
            #expect(old >= 0)
        }
    }

    @Test func prctlIsLimitedToWhatRuntimesUse() throws {
        // SET_SECCOMP, SET_MM, SET_SECUREBITS, CAP_AMBIENT, SET_PTRACER, SCHED_CORE
        for option: UInt64 in [22, 35, 28, 47, 0x5961_6D61, 62] {
            try fails(SandboxedCall("prctl", option, 0, 0, 0, 0), EPERM)
        }
        #expect(try SandboxedCall("prctl", 3, 0, 0, 0, 0).run(under: filter) != .returned(-Int64(EPERM)))
        #expect(try SandboxedCall("prctl", 39, 0, 0, 0, 0).run(under: filter) == .returned(1))
    }

    @Test func devicesCannotBeMade() throws {
        // A bad address: what the kernel says to those that pass.
        for type: UInt64 in [0x2000, 0x6000] {
            try fails(SandboxedCall("mknod", 0, type | 0o600, 0x0103), EPERM)
            try fails(SandboxedCall("mknodat", UInt64(bitPattern: -100), 0, type | 0o600, 0x0103), EPERM)
        }
        try fails(SandboxedCall("mknod", 0, 0x1000 | 0o600, 0), EFAULT)
        try fails(SandboxedCall("mknodat", UInt64(bitPattern: -100), 0, 0x8000 | 0o600, 0), EFAULT)
    }

    @Test func localSocketsAreTheOnlyOnesByDefault() throws {
        // IPv4, IPv6, netlink, packet, AF_ALG, vsock
        for family: UInt64 in [2, 10, 16, 17, 38, 40, 2 | 1 << 32] {
            try fails(SandboxedCall("socket", family, 1, 0), EAFNOSUPPORT)
        }
        try fails(SandboxedCall("socketpair", 30, 1, 0, 0), EAFNOSUPPORT)
        guard case .returned(let descriptor) = try SandboxedCall("socket", 1, 1, 0).run(under: filter) else {
            Issue.record("socket did not return")
            return
        }
        #expect(descriptor >= 0)
    }

    @Test func theNetworkProfileAddsInternetSocketsAndNoRawOnes() throws {
        for (family, type, proto) in [
            (2, 3, 1), (17, 3, 0), (2, 1, 132), (2, 1, 262), (16, 3, 9), (38, 5, 0), (40, 1, 0),
        ] as [(UInt64, UInt64, UInt64)] {
            try fails(SandboxedCall("socket", family, type, proto), EAFNOSUPPORT, network)
        }
        for (family, type, proto) in [(2, 1, 0), (2, 0x80801, 6), (2, 2, 17), (1, 1, 0), (16, 3, 0)]
            as [(UInt64, UInt64, UInt64)]
        {
            guard case .returned(let descriptor) = try SandboxedCall("socket", family, type, proto).run(under: network)
            else {
                Issue.record("socket \(family) did not return")
                continue
            }
            #expect(descriptor >= 0, "socket \(family) \(type) \(proto)")
        }
        try fails(SandboxedCall("mount", 0, 0, 0, 0, 0), EPERM, network)
    }

    @Test(arguments: [
        ["/bin/true"], ["/bin/sh", "-c", "echo x | cat > /dev/null && test -d /"],
        ["/bin/bash", "-c", "(exit 0) & wait; kill -0 $$; for i in 1 2 3; do : $(echo $i); done"],
        ["/usr/bin/env", "ls", "-l", "/"],
        [
            "/usr/bin/python3", "-c",
            """
            import multiprocessing as m, threading, subprocess
            t = [threading.Thread(target=print) for _ in range(4)]
            [x.start() for x in t]; [x.join() for x in t]
            m.Lock(); m.get_context('fork').Queue()
            assert subprocess.call(['true']) == 0
            """,
        ],
    ])
    func programsRun(arguments: [String]) throws {
        var status: CInt = -1
        let pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let constant = pointers.map { $0.map { UnsafePointer($0) } }
        let result = filter.bpf.withUnsafeBytes { csts_run($0.baseAddress, $0.count, constant, &status) }
        #expect(result == 0)
        #expect(status == 0, "wait status \(status)")
    }
}
