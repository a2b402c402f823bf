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
        if settings.requireProof { try await checkProof(for: request) }
        let begun = MonotonicTime.now
        var record = RunRecord(request, settings)
        let output = try request.output.map { path throws(ExecutorError) in try OutputDirectory(path) }
        do {
            return try await execute(request, &record, output, begun, cancellation, onStart)
        } catch {
            output?.discard()
            throw ExecutorError(explaining: error)
        }
    }

    private func execute(
        _ request: RunRequest, _ record: inout RunRecord, _ output: OutputDirectory?, _ begun: MonotonicTime,
        _ cancellation: Cancellation, _ onStart: (@Sendable (@escaping @Sendable () -> LiveUsage) -> Void)?
    ) async throws -> RunOutcome {
        func cancelledBeforeItsTurn() -> RunOutcome {
            output?.discard()
            return record.outcome(.notStarted, ArtifactCollector.Collection(), nil)
        }
        if isCancelled(cancellation) { return cancelledBeforeItsTurn() }
        let place = try await log(request)?.admit(unless: { cancellation.isRequested })
        defer { withExtendedLifetime(place) {} }
        // It may have waited for the audit's lock.
        if isCancelled(cancellation) { return cancelledBeforeItsTurn() }
        let slot = try slots.take(hint: nextRun())
        settings.onStep?(.slot)
        var sandbox = try await compose(request, uid: slot.uid, &record)
        settings.onStep?(.composed)
        let stamp = stamp(request)
        let leaf = try makeLeaf(request, sandbox, stamp, &record)
        // From here on there is something to be recorded and removed, whatever happens.
        settings.onStep?(.leaf)
        let caps = CapWatch(tree, settings.caps, type: request.type)
        let recorder = RefusalListener(enforcing: sandbox.filter)
        var attempt = RunRecord.Attempt.notStarted
        var failure: ExecutorError?
        do {
            try checkEnforcement(leaf)
            if !isCancelled(cancellation) {
                try slot.mark(leaf.path)
                onStart?({ leaf.live(since: begun) })
                settings.onStep?(.launching)
                let log = KernelLog.atItsEnd()
                record.hostPressure.before = pressure.reading()
                attempt = try await launch(&sandbox, request, leaf, cancellation, recorder, &record)
                await observe(attempt, request, leaf, log, uid: slot.uid, &record)
            }
        } catch { failure = ExecutorError(explaining: error) }
        settings.onStep?(.ended)
        record.setupEnd(attempt, begun)
        record.cleanup = await empty(leaf)
        settings.onStep?(.emptied)
        record.usage = try? leaf.usage()
        record.caps = caps?.facts(record.usage, request.limits)
        let refusals = recorder.finish()
        var collected = ArtifactCollector.Collection()
        // While a process lives, what is in /out is not what will be there.
        if failure == nil, record.cleanup.isOverWithProcesses {
            let collector = ArtifactCollector(
                reportPath: request.report?.path, destination: output, quota: request.limits.out)
            do throws(ExecutorError) { collected = try await collect(collector, sandbox.out).get() } catch {
                failure = error
            }
        }
        settings.onStep?(.collected)
        func finished(_ failure: ExecutorError?) -> RunOutcome {
            var outcome = record.outcome(attempt, failure == nil ? collected : .init(), refusals, failure: failure)
            outcome.report.timings.teardownMicroseconds = record.endedAt.map {
                (MonotonicTime.now - $0).wholeMicroseconds
            }
            return outcome
        }
        var outcome = finished(failure)
        if failure == nil, let output {
            // Before the record: what that names is there.
            do throws(ExecutorError) { try publish(outcome.report, output) } catch {
                failure = error
                outcome = finished(error)
            }
        }
        settings.onStep?(.published)
        await depart(leaf, slot, cleanup: record.cleanup, stamp, to: log(request), &outcome)
        if let failure { throw failure }
        return outcome
    }

    private func publish(_ report: RunReport, _ output: OutputDirectory) throws(ExecutorError) {
        try output.create(OutputDirectory.reportName).write(Array("\(report.json(pretty: true))\n".utf8)[...])
        try output.publish()
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
        _ request: RunRequest, _ sandbox: borrowing Composition, _ stamp: AuditStamp, _ record: inout RunRecord
    ) throws -> LeafHandle {
        try liftForgottenCaps(of: request.type)
        let mapping = LimitMapping(limits: request.limits, deadlines: request.deadlines)
        let deadline = Timestamp.now.milliseconds + min(request.deadlines.wall.wholeMilliseconds, 1 << 50)
        var lease = Lease(
            worker: identity, task: request.taskID, attempt: UInt32(clamping: request.attempt),
            deadlineUnixMilliseconds: deadline)
        lease.notes = notes(request, stamp, record.startedAt, for: lease)
        let leaf = LeafHandle(
            try tree.makeLeaf(
                type: request.type, name: "\(request.taskID).\(request.attempt)",
                limits: mapping.cgroup(targetDevice: sandbox.device), lease: lease))
        record.cgroup =
            leaf.path.hasPrefix(tree.path + "/") ? String(leaf.path.dropFirst(tree.path.count + 1)) : leaf.path
        record.enforcement = mapping.enforcement(
            leaf.facts, landlock: landlockABI != nil, network: request.network, logsRefusals: request.logsRefusals)
        capSetup.note(in: &record.enforcement, type: request.type)
        return leaf
    }

    private func checkEnforcement(_ leaf: LeafHandle) throws(ExecutorError) {
        if settings.enforcement == .require, let missing = leaf.facts.missing.first {
            throw ExecutorError(
                .enforcement,
                "\(missing.file) cannot be enforced on this host and enforcement is require: "
                    + "\(missing.failure?.advice ?? "the kernel refused it"), or choose --enforcement best-effort")
        }
    }

    private func supervision(_ request: RunRequest) -> SupervisionLimits {
        SupervisionLimits(
            wall: request.deadlines.wall, cpu: request.deadlines.cpu, output: request.limits.printed,
            grace: request.deadlines.grace,
            softLanding: request.softLanding.map {
                .init(beforeWall: $0.beforeDeadline, whenPressed: $0.atMemoryHigh, grace: $0.grace)
            })
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
