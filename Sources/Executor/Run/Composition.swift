import CgroupV2
import Glibc
import ProcessSupervisor
import SeccompPolicy
import Synchronization
import SystemPackage
import SystemSupport

/// Everything of a sandbox that does not depend on its cgroup.
struct Composition {
    var plan: LaunchPlan
    var filter: CompiledFilter
    var out: DetachedMount
    /// The disk that the target lies on.
    var device: BlockDevice?
}

extension SandboxHost {
    func compose(_ request: RunRequest, uid: uid_t, _ record: inout RunRecord) async throws -> Composition {
        try request.checkText()
        let filter = try await filter(request.seccomp, .enforce)
        record.seccomp = RunReport.Content(name: filter.name, sha256: filter.sha256)
        let installed = request.logsRefusals ? try await self.filter(request.seccomp, .notify) : filter

        let program = try await resolve(request)
        var arguments = request.command
        arguments[0] = program.path
        var plan = LaunchPlan(
            root: program.root, arguments: arguments, environment: environment(request, program.searchPath), uid: uid,
            gid: uid)
        plan.workingDirectory = request.workingDirectory
        plan.hostname = "sandbox"
        plan.network = program.network
        plan.mountsProc = !procIsForbidden.load(ordering: .relaxed)
        plan.filter = FilterProgram(bpf: installed.bpf)
        plan.filterNotifies = request.logsRefusals
        plan.standardInput = request.standardInput
        plan.standardOutput = request.standardOutput
        plan.standardError = request.standardError
        plan.fault = request.fault

        var device: BlockDevice?
        if let path = request.target {
            let target = try ScanTarget.open(path)
            device = target.blockDevice
            let mount = try await target.mount(
                for: uid, executable: request.executesTarget, launcher: supervisor.launcher)
            plan.mounts.append(.init(mount, at: SandboxPath.target))
        }
        let out = try addWritableMounts(request, program, to: &plan)
        return Composition(plan: plan, filter: filter, out: out, device: device)
    }

    private func resolve(_ request: RunRequest) async throws(ExecutorError) -> ResolvedProgram {
        let key = ResolvedProgram.Key(
            program: request.command[0], workingDirectory: request.workingDirectory,
            readOnlyPaths: request.readOnlyPaths,
            network: request.network)
        if let known = knownProgram(key) { return known }
        let network: LaunchPlan.Network =
            switch request.network {
            case .none: .none
            case .loopback: .loopback
            case .host: .host
            }
        let location = try ProgramLocation.find(
            key.program, directories: settings.programDirectories, declared: request.readOnlyPaths)
        let root = try await template(
            standardRoot.layout(
                extra: request.readOnlyPaths.map { .init(source: $0.host, target: $0.sandbox) } + location.inRoot,
                network: network))
        let searchPath = location.directories + HostSettings.systemProgramDirectories
        let path = try CommandLookup(root: root, searchPath: searchPath, inTemporary: location.inTemporary)
            .resolve(key.program, workingDirectory: request.workingDirectory)
        let resolved = ResolvedProgram(
            root: root, path: path, searchPath: searchPath, inTemporary: location.inTemporary, network: network)
        remember(resolved, as: key)
        return resolved
    }

    /// `/tmp` and `/out`, and the Landlock ruleset that allows writing there. Returns `/out`.
    private func addWritableMounts(
        _ request: RunRequest, _ program: ResolvedProgram, to plan: inout LaunchPlan
    ) throws(ExecutorError) -> DetachedMount {
        let limits = request.limits
        do throws(SystemError) {
            let tmp = try DetachedMount.tmpfs(
                size: limits.tmp, inodes: UInt32(clamping: limits.tmpInodes), uid: plan.uid, gid: plan.gid,
                attributes: [.noSetuid, .noDevices])
            let out = try DetachedMount.tmpfs(
                size: limits.out, inodes: UInt32(clamping: limits.outInodes), uid: plan.uid, gid: plan.gid,
                attributes: [.noSetuid, .noDevices, .noExecute])
            plan.mounts += [.init(tmp, at: SandboxPath.temporary), .init(out, at: SandboxPath.output)]
            for path in program.inTemporary {
                try tmp.makeMountPoint(String(path.dropFirst(SandboxPath.temporary.count + 1)), for: path)
                plan.mounts.append(.init(try .bind(path, attributes: [.readOnly, .noSetuid, .noDevices]), at: path))
            }
            if let landlockABI {
                let devices = try BeneathDirectory(owning: plan.root.root.duplicate(), path: "/").open("dev", .path)
                plan.landlock = try LandlockRuleset(
                    abi: landlockABI, readable: plan.root.root, devices: devices, writable: [tmp, out],
                    allowsTCP: request.network != .none)
            }
            return out
        } catch {
            throw ExecutorError(.host, error, "the sandbox's mounts cannot be made")
        }
    }

    /// From memory at once; libseccomp and the disk may take their time elsewhere.
    func filter(_ name: String, _ mode: FilterMode) async throws(ExecutorError) -> CompiledFilter {
        if let known = filters.knownFilter(named: name, mode: mode) { return known }
        let made = await blocking { [filters] in
            Result { () throws(SeccompPolicyError) in try filters.filter(named: name, mode: mode) }
        }
        do { return try made.get() } catch { throw ExecutorError(.seccomp, "\(error)") }
    }

    private func environment(_ request: RunRequest, _ searchPath: [String]) -> [String] {
        var environment = [
            "PATH": searchPath.joined(separator: ":"), "HOME": SandboxPath.temporary, "TMPDIR": SandboxPath.temporary,
            "LANG": "C.UTF-8", "USER": "scan",
        ]
        environment.merge(request.environment) { $1 }
        return environment.map { "\($0.key)=\($0.value)" }.sorted()
    }
}

extension RunRequest {
    /// A string with NUL in it would be another one to the kernel: it ends there.
    func checkText() throws(ExecutorError) {
        if command.isEmpty { throw ExecutorError(.command, "there is no command; name a program") }
        if (command + [workingDirectory]).contains(where: { $0.utf8.contains(0) }) {
            throw ExecutorError(.command, "the command or its working directory has a NUL character; remove it")
        }
        for (name, value) in environment where name.isEmpty || name.contains("=") || (name + value).utf8.contains(0) {
            throw ExecutorError(.command, "environment variable \(name): no name may be empty or have '=' or NUL in it")
        }
        if let target, target.utf8.contains(0) { throw ExecutorError(.target, "the target's path has a NUL character") }
        if let output, output.utf8.contains(0) { throw ExecutorError(.output, "the output's path has a NUL character") }
    }
}
