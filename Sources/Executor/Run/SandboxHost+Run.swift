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
        if settings.requireProof { try await checkProof() }
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
            throw ExecutorError(explaining: error)
        }
    }

    private func execute(
        _ request: RunRequest, _ record: inout RunRecord, _ output: OutputDirectory?, _ begun: MonotonicTime,
        _ cancellation: Cancellation, _ onStart: (@Sendable (@escaping @Sendable () -> LiveUsage) -> Void)?
    ) async throws -> RunOutcome {
        if isCancelled(cancellation) { return record.outcome(.notStarted, ArtifactCollector.Collection(), nil) }
        let slot = try slots.take(hint: nextRun())
        var sandbox = try await compose(request, uid: slot.uid, &record)
        let leaf = try makeLeaf(request, sandbox, &record)
        let recorder = RefusalListener(enforcing: sandbox.filter)
        let attempt: RunRecord.Attempt
        if isCancelled(cancellation) {
            attempt = .notStarted
        } else {
            onStart?({ leaf.live(since: begun) })
            attempt = try await launch(&sandbox, request, leaf, cancellation, recorder, &record)
        }
        record.setupEnd(attempt, begun)
        record.usage = try? leaf.usage()
        record.cleanup = await remove(leaf, slot)
        let refusals = recorder.finish()
        // While a process lives, what is in /out is not what will be there.
        if case .stillPopulated = record.cleanup {
            return record.outcome(attempt, ArtifactCollector.Collection(), refusals)
        }
        let collector = ArtifactCollector(
            reportPath: request.report?.path, destination: output, quota: request.limits.out)
        let out = sandbox.out
        let collected = await collect(collector, out)
        return record.outcome(attempt, try collected.get(), refusals)
    }

    /// Away from the cooperative pool, unless there is nothing: most runs leave no file, and a change of threads costs more
    /// than to look.
    private func collect(
        _ collector: ArtifactCollector, _ out: DetachedMount
    ) async -> Result<ArtifactCollector.Collection, ExecutorError> {
        if out.isEmpty { return .success(ArtifactCollector.Collection()) }
        return await blocking { Result { () throws(ExecutorError) in try collector.collect(from: out) } }
    }

    /// Runs the plan; a second time without /proc where best-effort allows that and an outer container forbids a new one.
    private func launch(
        _ sandbox: inout Composition, _ request: RunRequest, _ leaf: LeafHandle, _ cancellation: Cancellation,
        _ recorder: RefusalListener, _ record: inout RunRecord
    ) async throws -> RunRecord.Attempt {
        while true {
            sandbox.plan.resourceLimits = LimitMapping(limits: request.limits, deadlines: request.deadlines)
                .resources(missing: leaf.facts)
            if !sandbox.plan.mountsProc {
                record.enforcement.means[.proc] = Enforcement.Means.none
                record.enforcement.notes[.proc] =
                    "an outer container forbids a new /proc, so the sandbox has none; run outside of it, or with the paths of /proc "
                    + "that it masks uncovered (docker: --security-opt systempaths=unconfined)"
            }
            do throws(LaunchFailure) {
                return .ended(
                    try await supervisor.run(
                        sandbox.plan, cgroup: leaf.descriptor, tree: leaf, limits: supervision(request),
                        cancellation: cancellation, onFilterListener: { recorder.start($0) }))
            } catch {
                let isForbidden = error.step == LaunchStep.proc.name && error.errno == .notPermitted
                if !isForbidden || settings.enforcement == .require { return .failed(error) }
            }
            // The mounts went with the child that failed, so they are made anew.
            procIsForbidden.store(true, ordering: .relaxed)
            sandbox = try await compose(request, uid: sandbox.plan.uid, &record)
        }
    }

    private func isCancelled(_ cancellation: Cancellation) -> Bool { cancellation.isRequested || Task.isCancelled }

    private func makeLeaf(
        _ request: RunRequest, _ sandbox: borrowing Composition, _ record: inout RunRecord
    ) throws -> LeafHandle {
        let mapping = LimitMapping(limits: request.limits, deadlines: request.deadlines)
        let deadline = Timestamp.now.milliseconds + min(request.deadlines.wall.wholeMilliseconds, 1 << 50)
        let leaf = LeafHandle(
            try tree.makeLeaf(
                type: request.type, name: "\(request.taskID).\(request.attempt)",
                limits: mapping.cgroup(targetDevice: sandbox.device),
                lease: Lease(
                    worker: identity, task: request.taskID, attempt: UInt32(clamping: request.attempt),
                    deadlineUnixMilliseconds: deadline)))
        record.cgroup =
            leaf.path.hasPrefix(tree.path + "/") ? String(leaf.path.dropFirst(tree.path.count + 1)) : leaf.path
        record.enforcement = mapping.enforcement(
            leaf.facts, landlock: landlockABI != nil, network: request.network, logsRefusals: request.logsRefusals)
        if settings.enforcement == .require, let missing = leaf.facts.missing.first {
            throw ExecutorError(
                .enforcement,
                "\(missing.file) cannot be enforced on this host and enforcement is require: "
                    + "\(missing.failure?.advice ?? "the kernel refused it"), or choose --enforcement best-effort")
        }
        return leaf
    }

    private func supervision(_ request: RunRequest) -> SupervisionLimits {
        SupervisionLimits(
            wall: request.deadlines.wall, cpu: request.deadlines.cpu, output: request.limits.printed,
            grace: request.deadlines.grace)
    }

    /// At once where all is dead, as it is once pid 1 is; else with a bound, away from the cooperative pool. What is there even
    /// then keeps its uid, and goes on being removed in the background.
    private func remove(_ leaf: LeafHandle, _ slot: consuming UserSlots.Slot) async -> RunFacts.Cleanup {
        guard let owned = leaf.take() else { return .done }
        let first = owned.remove(within: .zero)
        if first.isRemoved { return .done }
        let leftover = Leftover(first, slot)
        let result = await blocking { leftover.finish(within: .seconds(10)) }
        if result != .done { leftovers.add(leftover) }
        return result
    }
}

/// The recorder of a run that logs its refusals; the listener comes while the run is launched.
private final class RefusalListener: Sendable {
    private let filter: CompiledFilter
    private let recorder = Mutex<RefusalRecorder?>(nil)

    init(enforcing filter: CompiledFilter) { self.filter = filter }

    /// Where nobody can listen the listener is let go: refused calls then fail with ENOSYS and wait for nobody.
    func start(_ listener: SharedDescriptor) {
        guard let copy = try? listener.descriptor.duplicate() else { return }
        let started = try? RefusalRecorder(listener: copy, enforcing: filter)
        recorder.withLock { $0 = started }
    }

    /// Nil where nothing was recorded.
    func finish() -> [Refusal]? { recorder.withLock { $0 }?.finish() }
}

extension LeafHandle {
    func live(since begun: MonotonicTime) -> LiveUsage {
        let sample = sample()
        return LiveUsage(
            elapsed: MonotonicTime.now - begun, cpu: sample.cpu, memory: sample.memory, tasks: sample.tasks)
    }
}
