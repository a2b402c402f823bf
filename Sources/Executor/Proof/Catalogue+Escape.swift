import SystemSupport

extension Attack {
    private static func refusal(_ name: String, _ guarantee: String, _ errnos: String...) -> Attack {
        let allowed = Set(errnos)
        return Attack(
            name, .escape, guarantee,
            expects: { seen in
                if let problem = Expect.word(.refused, seen) { return problem }
                return seen.kind == .clean ? Expect.unexpected(seen, allowed) : "it ended as \(seen.kind.rawValue)"
            })
    }

    private static func deadly(_ name: String, _ guarantee: String) -> Attack {
        Attack(name, .escape, guarantee, expects: Expect.killedByFilter)
    }

    private static func typing(_ name: String, _ guarantee: String) -> Attack {
        let terminal: @Sendable (inout RunRequest, ProofField) -> Void = { request, field in
            request.standardInput = field.terminal?.slave
        }
        return Attack(
            name, .escape, guarantee, prepare: terminal, prepareControl: terminal,
            obstacle: { $0.terminal == nil ? "the host gives no pseudo-terminal" : nil },
            expects: Expect.refused("EPERM"))
    }

    private static func privileged(
        _ name: String, _ guarantee: String, _ path: String,
        obstacle: @escaping @Sendable (ProofField) -> String? = { _ in nil }
    ) -> Attack {
        Attack(
            name, .escape, guarantee, words: { _ in [path] }, obstacle: obstacle, expects: Expect.refused("EPERM"))
    }

    static let escape: [Attack] = [
        refusal("ptrace", "No process is traced, not even an own child.", "EPERM"),
        refusal("process-memory", "The memory of the sandbox's pid 1 is closed.", "EACCES"),
        refusal("process-vm", "Memory is not read or written across processes.", "EPERM"),
        refusal("pidfd-getfd", "No descriptor is taken from another process.", "EPERM"),
        refusal("mount", "Nothing is mounted, unmounted or made writable, by the old or the new calls.", "EPERM"),
        refusal("pivot-root", "The root stays.", "EPERM"),
        refusal("setns", "No namespace is entered.", "EPERM", "EACCES"),
        refusal("unshare-user", "No namespace is made by unshare.", "EPERM"),
        refusal("clone-user", "No namespace is made by clone or clone3.", "EPERM", "ENOSYS"),
        refusal("open-by-handle", "No file is opened by its number, past all directories.", "EPERM"),
        refusal("bpf", "No BPF map or program is loaded.", "EPERM"),
        refusal("perf-event-open", "The performance counters are closed.", "EPERM"),
        refusal("userfaultfd", "Page faults are not handled in user space.", "EPERM", "ENOENT", "EACCES"),
        deadly("kexec-load", "A program that loads a kernel is killed."),
        deadly("kexec-file-load", "A program that loads a kernel from a file is killed."),
        deadly("init-module", "A program that loads a module is killed."),
        deadly("finit-module", "A program that loads a module from a file is killed."),
        refusal("add-key", "The kernel keeps no key for a run.", "EPERM"),
        refusal("keyctl", "No keyring is used or joined.", "EPERM"),
        refusal("io-uring", "io_uring, which passes the filter by, is not there.", "ENOSYS"),
        deadly("int80", "A call through the 32-bit door is deadly."),
        deadly("x32", "A call with x32's numbers is deadly."),
        typing("tiocsti", "Nothing is typed into the terminal that the worker was started from."),
        typing("tioclinux", "Nothing is pasted into it."),
        refusal(
            "cgroupfs", "A run sees no cgroup file system, and makes none.", "ENOENT", "EPERM", "EROFS", "EACCES",
            "EEXIST"),
        refusal("sysrq", "The kernel's emergency key is not there.", "ENOENT", "EACCES"),
        refusal("core-pattern", "No program is set that the kernel would start on the host.", "ENOENT", "EACCES"),
        refusal("oom-score-adj", "No process makes itself dearer than others to the OOM killer.", "EACCES"),
        refusal(
            "worker-descriptors", "No descriptor of the worker's is open in a run, not even one left inheritable.",
            "EBADF", "EACCES"),
        refusal(
            "launcher-overwrite", "Neither pid 1's program nor the run's own is overwritten through /proc.", "EACCES",
            "EROFS", "ETXTBSY"),
        privileged(
            "setuid-binary", "A program of root's with the set-user-ID bit gives nothing.", ProofField.setuidPath),
        privileged(
            "file-capabilities", "A program with file capabilities gives none.", ProofField.capablePath,
            obstacle: { $0.capabilityProblem }),
        refusal("become-root", "No uid, gid, group or capability is taken on.", "EPERM"),
        refusal("inet-socket", "Without a network there is no Internet socket.", "EAFNOSUPPORT"),
        refusal("raw-socket", "No raw socket is opened.", "EAFNOSUPPORT"),
        refusal("packet-socket", "No packet is read off an interface.", "EAFNOSUPPORT"),
        refusal("netlink-socket", "The kernel is not spoken to through netlink.", "EAFNOSUPPORT"),
        refusal("vsock", "The hypervisor is not spoken to.", "EAFNOSUPPORT"),
        refusal("odd-sockets", "Socket families that nobody looks after are closed.", "EAFNOSUPPORT"),
        Attack(
            "abstract-socket", .escape, "The host's abstract sockets are out of reach.",
            words: { [$0.socketName] }, expects: Expect.refused("ECONNREFUSED", "EPERM")),
        Attack(
            "host-loopback", .escape, "With `network: loopback` 127.0.0.1 is the run's own, not the host's.",
            words: { ["\($0.port)"] }, prepare: loopback, prepareControl: loopback,
            expects: Expect.refused("ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH")),
        Attack(
            "host-files", .escape, "No file of the host's is seen but those that every run is shown.",
            words: { [$0.canaryFile] }, expects: Expect.refused("ENOENT", "EACCES")),
        refusal("host-writes", "Nothing outside of /tmp and /out is written.", "EROFS", "EACCES"),
        Attack(
            "host-process", .escape, "No process of the host's is seen or signalled.",
            words: { ["\($0.canary.pid)"] }, expects: Expect.refused("ESRCH", "ENOENT")),
    ]

    private static let loopback: @Sendable (inout RunRequest, ProofField) -> Void = { request, _ in
        request.network = .loopback
        request.seccomp = ProofFacts.networkFilterName
    }
}
