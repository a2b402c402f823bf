import CgroupV2
import Glibc
import ProcessSupervisor
import SeccompPolicy
import Synchronization
import SystemPackage
public import SystemSupport

/// What a run uses right now, for a live line. Nil: not reported by this kernel.
public struct LiveUsage: Sendable {
    public var elapsed: Duration
    public var cpu: Duration?
    public var memory: ByteCount?
    public var tasks: UInt64?
}

extension SandboxHost {
    /// Runs `request` to its end, and removes all that it consisted of.
    ///
    /// - Parameters:
    ///   - cancellation: ends it from outside.
    ///   - onStart: gets a reading of what the run uses, good until the run has ended.
    /// - Throws: `ExecutorError` where the run could not be made at all. A launch that failed on its way is a result.
    public func run(
        _ request: RunRequest, cancellation: Cancellation = Cancellation(),
        onStart: (@Sendable (@escaping @Sendable () -> LiveUsage) -> Void)? = nil
    ) async throws -> RunOutcome {
        let begun = MonotonicTime.now
        var record = RunRecord(request, settings)
        let output = try request.output.map { path throws(ExecutorError) in try OutputDirectory(path) }
        do {
            var outcome = try await execute(request, &record, output, begun, cancellation, onStart)
            outcome.report.timings.teardownMicroseconds = record.endedAt.map {
                (MonotonicTime.now - $0).wholeMicroseconds
            }
            try output?.create(OutputDirectory.reportName).write(
                Array("\(outcome.report.json(pretty: true))\n".utf8)[...])
            try output?.publish()
            return outcome
        } catch {
            output?.discard()
            throw error
        }
    }

    private func execute(
        _ request: RunRequest, _ record: inout RunRecord, _ output: OutputDirectory?, _ begun: MonotonicTime,
        _ cancellation: Cancellation, _ onStart: (@Sendable (@escaping @Sendable () -> LiveUsage) -> Void)?
    ) async throws -> RunOutcome {
        let slot = try slots.take(hint: nextRun())
        let sandbox = try await compose(request, uid: slot.uid, &record)
        let leaf = try makeLeaf(request, sandbox, &record)
        let attempt: Result<ExitFacts, LaunchFailure>
        let recorder = Mutex<RefusalRecorder?>(nil)
        do throws(LaunchFailure) {
            onStart?({ leaf.live(since: begun) })
            attempt = .success(
                try await supervisor.run(
                    sandbox.plan, cgroup: leaf.descriptor, tree: leaf, limits: supervision(request),
                    cancellation: cancellation,
                    onFilterListener: { listener in
                        guard let copy = try? listener.descriptor.duplicate() else { return }
                        let started = try? RefusalRecorder(listener: copy, enforcing: sandbox.filter)
                        recorder.withLock { $0 = started }
                    }))
        } catch {
            attempt = .failure(error)
        }
        record.setupEnd(attempt, begun)
        record.usage = try? leaf.usage()
        record.cleanup = await remove(leaf)
        let collector = ArtifactCollector(reportPath: request.report?.path, destination: output)
        let out = sandbox.out
        let collected = await blocking { Result { () throws(ExecutorError) in try collector.collect(from: out) } }
        let refusals = recorder.withLock { $0 }?.finish()
        return record.outcome(attempt, try collected.get(), refusals)
    }

    /// Everything of a sandbox that does not depend on its cgroup.
    private struct Composition {
        var plan: LaunchPlan
        var filter: CompiledFilter
        var out: DetachedMount
        var device: BlockDevice?
    }

    private func compose(_ request: RunRequest, uid: uid_t, _ record: inout RunRecord) async throws -> Composition {
        let filter: CompiledFilter
        do {
            filter = try filters.filter(named: request.seccomp)
        } catch { throw ExecutorError(.seccomp, "\(error)") }
        record.seccomp = RunReport.Content(name: filter.name, sha256: filter.sha256)
        let installed = request.logsRefusals ? try filters.filter(named: request.seccomp, mode: .notify) : filter

        let network: LaunchPlan.Network =
            switch request.network {
            case .none: .none
            case .loopback: .loopback
            case .host: .host
            }
        let program = try ProgramLocation.find(
            request.command.first ?? "", directories: settings.programDirectories, declared: request.readOnlyPaths)
        let root = try template(
            standardRoot.layout(readOnlyPaths: request.readOnlyPaths + program.needs, network: network))
        let searchPath = program.directories + HostSettings.systemProgramDirectories
        var arguments = request.command
        arguments[0] = try CommandLookup(root: root, searchPath: searchPath)
            .resolve(request.command[0], workingDirectory: request.workingDirectory)

        var plan = LaunchPlan(
            root: root, arguments: arguments, environment: environment(request, searchPath), uid: uid, gid: uid)
        plan.workingDirectory = request.workingDirectory
        plan.hostname = "sandbox"
        plan.network = network
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
        let limits = request.limits
        let (tmp, out): (DetachedMount, DetachedMount)
        do throws(SystemError) {
            tmp = try .tmpfs(
                size: limits.tmp, inodes: UInt32(clamping: limits.tmpInodes), uid: uid, gid: uid,
                attributes: [.noSetuid, .noDevices])
            out = try .tmpfs(
                size: limits.out, inodes: UInt32(clamping: limits.outInodes), uid: uid, gid: uid,
                attributes: [.noSetuid, .noDevices, .noExecute])
            plan.mounts += [.init(tmp, at: SandboxPath.temporary), .init(out, at: SandboxPath.output)]
            if let landlockABI {
                let devices = try BeneathDirectory(owning: root.root.duplicate(), path: "/").open("dev", .path)
                plan.landlock = try LandlockRuleset(
                    abi: landlockABI, readable: root.root, devices: devices, writable: [tmp, out],
                    allowsTCP: request.network != .none)
            }
        } catch {
            throw ExecutorError(.host, error, "the sandbox's mounts cannot be made")
        }
        return Composition(plan: plan, filter: filter, out: out, device: device)
    }

    private func makeLeaf(
        _ request: RunRequest, _ sandbox: borrowing Composition, _ record: inout RunRecord
    ) throws -> LeafHandle {
        let mapping = LimitMapping(limits: request.limits, deadlines: request.deadlines)
        let deadline = Timestamp.now.milliseconds + min(request.deadlines.wall.wholeMilliseconds, 1 << 50)
        let leaf = try LeafHandle(
            tree.makeLeaf(
                type: request.type, name: "\(request.taskID).\(request.attempt)",
                limits: mapping.cgroup(targetDevice: sandbox.device),
                lease: Lease(
                    worker: identity, task: request.taskID, attempt: UInt32(clamping: request.attempt),
                    deadlineUnixMilliseconds: deadline)))
        record.cgroup = leaf.path
        record.enforcement = mapping.enforcement(
            leaf.facts, landlock: landlockABI != nil, network: request.network, logsRefusals: request.logsRefusals)
        if settings.enforcement == .require, let missing = leaf.facts.missing.first {
            throw ExecutorError(
                .enforcement,
                "\(missing.file) cannot be enforced on this host and enforcement is require: "
                    + "\(missing.failure?.advice ?? "the kernel refused it"); or choose --enforcement best-effort")
        }
        return leaf
    }

    private func environment(_ request: RunRequest, _ searchPath: [String]) -> [String] {
        var environment = [
            "PATH": searchPath.joined(separator: ":"), "HOME": SandboxPath.temporary, "TMPDIR": SandboxPath.temporary,
            "LANG": "C.UTF-8", "USER": "scan",
        ]
        environment.merge(request.environment) { $1 }
        return environment.map { "\($0.key)=\($0.value)" }.sorted()
    }

    private func supervision(_ request: RunRequest) -> SupervisionLimits {
        SupervisionLimits(
            wall: request.deadlines.wall, cpu: request.deadlines.cpu, output: request.limits.printed,
            grace: request.deadlines.grace)
    }

    /// At once where all is dead, as it is once pid 1 is; else with a bound, away from the cooperative pool.
    private func remove(_ leaf: LeafHandle) async -> RunFacts.Cleanup {
        guard let owned = leaf.take() else { return .done }
        let first = owned.remove(within: .zero)
        if first.isRemoved { return .done }
        let rest = Removal(first)
        return await blocking { rest.finish(within: .seconds(10)) }
    }
}

/// A removal that has to wait, on its way to a thread that may.
private final class Removal: Sendable {
    private let pending: Mutex<CgroupLeaf?>

    init(_ removal: consuming LeafRemoval) {
        switch consume removal {
        case .removed: pending = Mutex(nil)
        case .stillPopulated(let leaf): pending = Mutex(leaf)
        case .failed(let leaf, _): pending = Mutex(leaf)
        }
    }

    func finish(within bound: Duration) -> RunFacts.Cleanup {
        guard let leaf = pending.withLock({ $0.take() }) else { return .done }
        switch leaf.remove(within: bound) {
        case .removed: return .done
        case .stillPopulated: return .stillPopulated(processes: nil, after: bound)
        case .failed(_, let error): return .failed("\(error)")
        }
    }
}

extension LeafHandle {
    func live(since begun: MonotonicTime) -> LiveUsage {
        let sample = sample()
        return LiveUsage(
            elapsed: MonotonicTime.now - begun, cpu: sample.cpu, memory: sample.memory, tasks: sample.tasks)
    }
}
