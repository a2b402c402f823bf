import CgroupV2

extension HostDiagnosis {
    /// Judges what was found. `enforcement` says whether a limit that cannot be held stops runs or lessens them.
    init(_ facts: HostFacts, enforcement: HostSettings.EnforcementMode) {
        checks = []
        basics(facts)
        cgroups(facts, enforcement)
        isolation(facts)
        filters(facts)
        surroundings(facts)
        scanners(facts)
    }

    private mutating func add(
        _ name: String, _ status: HostCheck.Status, _ found: String, for neededFor: String, _ remedy: String
    ) {
        checks.append(HostCheck(name, status, found, for: neededFor, remedy: remedy))
    }

    /// What works is ok; what fails, or could not be tried, is `otherwise`.
    private mutating func add(
        _ name: String, _ probe: HostFacts.Probe, otherwise: HostCheck.Status = .missing, for neededFor: String,
        _ remedy: String
    ) {
        switch probe {
        case .works(let found): add(name, .ok, found, for: neededFor, remedy)
        case .fails(let found): add(name, otherwise, found, for: neededFor, remedy)
        case .notTried: add(name, otherwise, "not tried: see the others", for: neededFor, remedy)
        }
    }

    private mutating func basics(_ facts: HostFacts) {
        add(
            "root", facts.isRoot ? .ok : .missing, facts.isRoot ? "effective uid 0" : "not root",
            for: "namespaces, mounts, cgroups, a uid of its own for each run", "run as root or through sudo")
        let version = HostFacts.version(of: facts.kernel)
        // clone3 with CLONE_INTO_CGROUP 5.7, mount_setattr 5.12; memory.peak and pids.peak are looked for by name.
        let status: HostCheck.Status =
            switch version {
            case .some(let version) where version >= (5, 14): .ok
            case .some(let version) where version >= (5, 12): .degraded
            case .some: .missing
            case .none: .degraded
            }
        add(
            "kernel", status, "Linux \(facts.kernel)",
            for: "clone3, the mount API, pid descriptors (5.12), cgroup.kill (5.14)",
            "boot Linux 5.14 or later, such as Debian 12's 6.1")
        if let configuration = facts.configuration {
            checks.append(HostCheck("configuration", .ok, configuration, for: "settings and limits of this host"))
        }
    }

    private mutating func cgroups(_ facts: HostFacts, _ enforcement: HostSettings.EnforcementMode) {
        add(
            "cgroup2 mount", facts.cgroupMount, for: "every run's own cgroup",
            "mount -t cgroup2 cgroup2 /sys/fs/cgroup; in Docker: --cgroupns=host and a writable mount")
        add(
            "cgroup root", facts.cgroupRoot, for: "a subtree to make the runs' cgroups in",
            "run as root, or under systemd with Delegate=yes, or name one with --cgroup-root")
        let unenforced: HostCheck.Status = enforcement == .require ? .missing : .degraded
        let uses: [Controller: String] = [
            .cpu: "limits of processor cores", .memory: "limits of memory, and the proof of running out of it",
            .pids: "limits of processes", .io: "limits of disk transfer", .cpuset: "limits to some processors",
        ]
        for controller in [Controller.cpu, .memory, .pids, .io, .cpuset] {
            let isThere = facts.cgroups?.enabledControllers.contains(controller) == true
            let isOptional = controller == .io || controller == .cpuset
            add(
                "\(controller) controller", isThere ? .ok : isOptional ? .degraded : unenforced,
                isThere ? "in use" : "not on the unified hierarchy here", for: uses[controller] ?? "",
                "boot with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all; or let runs start without it: "
                    + "--enforcement best-effort")
        }
        guard let features = facts.cgroups else { return }
        func feature(_ name: String, _ isThere: Bool, for neededFor: String, _ remedy: String) {
            add(name, isThere ? .ok : .degraded, isThere ? "there" : "absent", for: neededFor, remedy)
        }
        feature(
            "cgroup.kill", features.hasKill, for: "killing a run in one step (else: freeze, kill each, thaw)",
            "boot Linux 5.14 or later")
        /// A file of a controller's: without that, no other kernel has it either.
        func feature(
            _ name: String, of controller: Controller, _ isThere: Bool, for neededFor: String, _ remedy: String
        ) {
            if isThere || features.enabledControllers.contains(controller) {
                feature(name, isThere, for: neededFor, remedy)
            } else {
                add(
                    name, .degraded, "absent, as the \(controller) controller is", for: neededFor,
                    "see \(controller) controller")
            }
        }
        feature(
            "memory.peak", of: .memory, features.hasMemoryPeak, for: "the most memory a run used, in its report",
            "boot Linux 5.19 or later")
        feature(
            "pids.peak", of: .pids, features.hasPIDsPeak, for: "the most processes a run had, in its report",
            "boot Linux 6.1 or later")
        feature(
            "pressure", features.hasPressure, for: "how long a run waited for resources, in its report",
            "boot with psi=1")
        feature(
            "lease attributes", features.leaseAttribute != nil, for: "knowing after a crash whose run a cgroup was",
            "boot Linux 5.7 or later, or run with CAP_SYS_ADMIN")
        let swapIsHeld = features.hasSwapLimit || !facts.hasSwap
        add(
            "swap", swapIsHeld ? .ok : .degraded,
            facts.hasSwap ? (features.hasSwapLimit ? "there, and limited" : "there, and not limited") : "none",
            for: "keeping a run's memory limit from being evaded by swapping",
            features.enabledControllers.contains(.memory)
                ? "boot with swapaccount=1, or swapoff -a" : "see memory controller, or swapoff -a")
    }

    private mutating func isolation(_ facts: HostFacts) {
        for (name, probe) in facts.namespaces {
            add(
                "\(name) namespace", probe, for: "hiding the host from runs",
                "use a kernel with all namespaces; in a container: --privileged, or CAP_SYS_ADMIN and no seccomp filter of its own"
            )
        }
        add(
            "tmpfs by fsopen", facts.tmpfs, for: "/tmp and /out with quotas",
            "a kernel with tmpfs and the mount API (5.2); in a container CAP_SYS_ADMIN")
        add(
            "bind by open_tree", facts.bind, for: "showing the target and the system's programs read-only",
            "a kernel with mount_setattr (5.12); in a container CAP_SYS_ADMIN")
        add(
            "id-mapped mounts", facts.idMapped, otherwise: .degraded,
            for: "scanning trees that only their owner can read, below \(facts.idMappedPath)",
            "keep such trees on ext4, xfs or btrfs, from Linux 6.3 also on tmpfs; or make them readable: chmod -R a+rX")
        add(
            "birth in a cgroup", facts.host, for: "limits that hold from a run's first instruction",
            "boot Linux 5.7 or later; run on the host itself, not below another sandbox")
        let noexec = facts.memfdNoexec == 2
        add(
            "memfd execution", noexec ? .missing : .ok,
            facts.memfdNoexec.map { "vm.memfd_noexec = \($0)" } ?? "not restricted",
            for: "the sandbox's pid 1", "sysctl vm.memfd_noexec=1")
        if facts.failedStep == "proc" {
            add(
                "private /proc", .missing, "refused", for: "a run that sees its own processes and no other",
                "in a container: --privileged, or unmask /proc (docker: --security-opt systempaths=unconfined)")
        } else {
            add("private /proc", facts.sandbox, for: "a run that sees its own processes and no other", "see sandbox")
        }
        add(
            "sandbox", facts.sandbox, for: "everything: a whole sandbox that ran true(1)",
            "see what else is missing here; the step that failed names it")
    }

    private mutating func filters(_ facts: HostFacts) {
        let actions = facts.seccompActions ?? []
        let canFilter = actions.contains("kill_process") && actions.contains("errno")
        add(
            "seccomp", canFilter ? .ok : .missing, facts.seccompActions?.joined(separator: " ") ?? "not in this kernel",
            for: "refusing dangerous system calls", "a kernel with CONFIG_SECCOMP_FILTER")
        add(
            "seccomp notification", actions.contains("user_notif") ? .ok : .degraded,
            actions.contains("user_notif") ? "there" : "absent", for: "exec --seccomp-log", "boot Linux 5.5 or later")
        add(
            "seccomp profile", facts.filter, for: "the default filter",
            "install deploy/seccomp, or name it with --seccomp-profiles")
        add("libseccomp", .ok, facts.libseccomp, for: "compiling filters", "")
        add(
            "filter cache", facts.filterCacheProblem == nil ? .ok : .degraded, facts.filterCacheProblem ?? "in use",
            for: "starting without compiling filters anew", "let root own /var/cache/scan-executor, closed to others")
        add(
            "Landlock", facts.landlockABI == nil ? .degraded : .ok,
            facts.landlockABI.map { "ABI \($0)" } ?? "not in this kernel, or switched off",
            for: "a second wall behind mounts and namespaces", "boot with landlock in lsm=, Linux 5.13 or later")
    }

    private mutating func surroundings(_ facts: HostFacts) {
        add(
            "sandbox uids", facts.uidConflicts.isEmpty ? .ok : .missing,
            facts.uidConflicts.isEmpty
                ? "\(facts.uidRange) free" : facts.uidConflicts.prefix(5).joined(separator: ", "),
            for: "a uid for each run that is nobody else's",
            "set SCAN_EXECUTOR_FIRST_UID to the first of 256 free numbers")
        let isPiped = facts.corePattern.hasPrefix("|")
        add(
            "core dumps", isPiped ? .degraded : .ok, "core_pattern \(facts.corePattern)",
            for: "keeping what scanners hold in memory out of the host's crash handler",
            "sysctl kernel.core_pattern=core")
    }

    private mutating func scanners(_ facts: HostFacts) {
        if facts.scanners.isEmpty {
            add(
                "scanner profiles", .degraded, "none found", for: "scan",
                "install deploy/scanners, or name it with --profiles")
        }
        for scanner in facts.scanners {
            let name = "scanner \(scanner.profile)"
            if let problem = scanner.problem {
                add(name, .degraded, problem, for: "scan \(scanner.profile)", "scan-executor profiles check")
            } else {
                add(
                    name, scanner.path == nil ? .degraded : .ok, scanner.path ?? "no program \(scanner.program)",
                    for: "scan \(scanner.profile)", "install it, or name its directory with --scanner-path")
            }
        }
    }
}
