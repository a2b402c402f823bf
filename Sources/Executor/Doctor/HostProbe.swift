import CSystemSupport
import CgroupV2
import Glibc
import Logging
public import ProcessSupervisor
import SeccompPolicy
import SystemSupport

/// Looks at a host: reads what the kernel says, and tries what it does not say. Leaves nothing behind.
public struct HostProbe {
    let settings: HostSettings
    let profiles: ScannerProfileStore
    /// Where trees to be scanned are.
    let targetDirectory: String
    private let configuration: String?

    /// - Parameter configuration: which is used, for people; nil says nothing of it.
    public init(
        _ settings: HostSettings, profiles: ScannerProfileStore, targetDirectory: String, configuration: String? = nil
    ) {
        self.configuration = configuration
        self.settings = settings
        self.profiles = profiles
        self.targetDirectory = Self.absolute(targetDirectory)
    }

    /// - Parameter cancellation: ends it early; what is not tried by then is found missing.
    public func diagnose(cancellation: Cancellation = Cancellation()) async -> HostDiagnosis {
        HostDiagnosis(await facts(cancellation), enforcement: settings.enforcement)
    }

    func facts(_ cancellation: Cancellation = Cancellation()) async -> HostFacts {
        var facts = HostFacts()
        facts.isRoot = geteuid() == 0
        facts.configuration = configuration
        facts.kernel = Self.text("/proc/sys/kernel/osrelease") ?? ""
        facts.seccompActions = Self.text("/proc/sys/kernel/seccomp/actions_avail")?.split(separator: " ").map(
            String.init)
        facts.libseccomp = SyscallName.libraryVersion
        facts.landlockABI = LandlockRuleset.abi
        facts.memfdNoexec = Self.text("/proc/sys/vm/memfd_noexec").flatMap { Int($0) }
        facts.corePattern = Self.text("/proc/sys/kernel/core_pattern") ?? ""
        facts.hasSwap = (Self.text("/proc/swaps") ?? "").split(separator: "\n").count > 1
        facts.uidRange = "\(settings.firstUID) to \(settings.firstUID + uid_t(settings.slotCount) - 1)"
        facts.uidConflicts = UIDConflicts(settings).found
        facts.scanners = scanners()
        do {
            let mount = try CgroupMount.find()
            facts.cgroupMount = mount.isReadOnly ? .fails("\(mount.mountPoint) is read-only") : .works(mount.mountPoint)
        } catch { facts.cgroupMount = .fails("\(error)") }
        compileFilter(&facts)
        if !facts.isRoot || cancellation.isRequested { return facts }
        facts.namespaces = namespaces()
        await tryMounts(&facts)
        tryCgroups(&facts)
        if cancellation.isRequested { return facts }
        await trySandbox(&facts, cancellation)
        return facts
    }

    private func compileFilter(_ facts: inout HostFacts) {
        let filters = SeccompProfiles(
            searchDirectories: settings.seccompDirectories, cacheDirectory: settings.filterCache)
        do {
            let filter = try filters.filter(named: "default")
            facts.filter = .works("default, \(filter.bpf.count / 8) instructions")
            facts.filterCacheProblem = filter.cacheProblem
        } catch { facts.filter = .fails("\(error)") }
    }

    /// The six that sandboxes have. Each on a thread of its own, which ends in it.
    private func namespaces() -> [(name: String, probe: HostFacts.Probe)] {
        // CLONE_NEW* of <linux/sched.h>.
        let flags: [(String, CInt)] = [
            ("pid", 0x2000_0000), ("mnt", 0x0002_0000), ("net", 0x4000_0000), ("ipc", 0x0800_0000),
            ("uts", 0x0400_0000), ("cgroup", 0x0200_0000),
        ]
        return flags.map { name, flag in
            do {
                let result = try SystemThread.runApart("namespace") { csys_unshare(flag) }
                try systemCall("unshare", "\(name) namespace") { Int(result) }
                return (name, .works("can be made"))
            } catch { return (name, .fails("\(error)")) }
        }
    }

    private func tryMounts(_ facts: inout HostFacts) async {
        do {
            _ = try DetachedMount.tmpfs(
                size: .kibibytes(64), inodes: 16, uid: settings.firstUID, gid: settings.firstUID, attributes: .noDevices
            )
            facts.tmpfs = .works("works")
        } catch { facts.tmpfs = .fails("\(error)") }
        do {
            _ = try DetachedMount.bind("/usr", attributes: [.readOnly, .noSetuid, .noDevices])
            facts.bind = .works("works")
        } catch { facts.bind = .fails("\(error)") }
        facts.idMappedPath = targetDirectory
        do {
            let map = try await Launcher(threadCount: 1).identityMap(
                fromUser: 0, group: 0, toUser: settings.firstUID, group: settings.firstUID)
            // This file system alone: what is mounted below, such as /proc below /, may well be unable.
            _ = try DetachedMount.bind(
                targetDirectory, isRecursive: false, attributes: [.readOnly, .noSetuid, .noDevices], identities: map)
            facts.idMapped = .works("works for \(targetDirectory)")
        } catch { facts.idMapped = .fails("\(error)") }
    }

    private func tryCgroups(_ facts: inout HostFacts) {
        do {
            let tree = try CgroupTree.prepare(root: settings.cgroupRoot, placement: .ifNeeded)
            facts.cgroupRoot = .works(tree.path)
            facts.cgroups = try tree.features()
        } catch { facts.cgroupRoot = .fails("\(error)") }
    }

    private func trySandbox(_ facts: inout HostFacts, _ cancellation: Cancellation) async {
        var settings = settings
        // What is missing of the limits is told apart from whether a sandbox can be made at all.
        settings.enforcement = .bestEffort
        // A trial is no run of anybody's.
        settings.audit = nil
        settings.requireProof = false
        let host: SandboxHost
        do {
            host = try await SandboxHost.prepare(
                settings, logger: Logger(label: "doctor", factory: { _ in SwiftLogNoOpLogHandler() }))
            facts.host = .works("proved")
        } catch {
            facts.host = .fails("\(error)")
            return
        }
        guard let cores = CPUCount(millicores: 1000) else { return }
        let request = RunRequest(
            taskID: "doctor-\(getpid())", type: "doctor", command: ["true"],
            limits: ScannerLimits(cpu: cores, memory: .mebibytes(64), pids: 16),
            deadlines: Deadlines(wall: .seconds(60)))
        do {
            let verdict = try await host.run(request, cancellation: cancellation).report.verdict
            facts.failedStep = verdict.step
            let evidence = verdict.evidence.first?.text ?? verdict.kind.rawValue
            facts.sandbox = verdict.kind == .clean ? .works("works") : .fails(evidence)
        } catch { facts.sandbox = .fails("\(error)") }
    }

    private func scanners() -> [HostFacts.Scanner] {
        profiles.list().map { entry in
            do throws(ProfileError) {
                let profile = try profiles.load(entry.name)
                return .init(profile: entry.name, program: profile.scannerProgram, path: settings.path(of: profile))
            } catch {
                return .init(profile: entry.name, program: "", problem: "\(error.problems.first?.description ?? "")")
            }
        }
    }

    /// As given where there is no such directory: to open it then fails, and says so.
    private static func absolute(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }

    private static func text(_ path: String) -> String? {
        guard let file = try? OwnedDescriptor.open(path, O_RDONLY),
            let bytes = try? file.readAll(limit: 64 << 10, object: path)
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

extension ScannerProfile {
    /// The scanner itself. Where the command is a shell that calls it, the command that prints its version says so.
    var scannerProgram: String { version?.program ?? command.program }
}

extension HostSettings {
    /// Where a profile's scanner is on the host: the same search as a run's, without a look into its sandbox. Nil where it is not
    /// installed.
    public func path(of profile: ScannerProfile) -> String? {
        let program = profile.scannerProgram
        if program.contains("/") {
            // A path in the sandbox, where the profile may show what is elsewhere on the host.
            let shown = profile.readOnlyPaths.first { SandboxPath.isSameOrBelow(program, $0.sandbox) }
            let path = shown.map { $0.host + program.dropFirst($0.sandbox.count) } ?? program
            return access(path, X_OK) == 0 ? path : nil
        }
        return (programDirectories + Self.systemProgramDirectories).map { "\($0)/\(program)" }
            .first { access($0, X_OK) == 0 }
    }
}
