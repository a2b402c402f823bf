import Glibc
import Synchronization
public import SystemSupport

/// Launches sandboxed processes and follows each to its end, which every one has: by itself, by a deadline, by
/// cancellation, or by the death of this process.
///
/// All runs share one thread that waits and a few that launch; none blocks the cooperative pool.
public final class Supervisor: Sendable {
    public let launcher: Launcher
    private let loop: EventLoop
    private let lastID = Atomic<UInt64>(0)
    private let parallelism: Int

    public init(launcher: Launcher) throws(SystemError) {
        self.launcher = launcher
        loop = try EventLoop()
        parallelism = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    }

    /// Runs the plan to its end. Task cancellation ends the run as ``Cancellation/cancel()`` does; it is a result, not an
    /// error.
    ///
    /// - Parameters:
    ///   - cgroup: directory descriptor of the leaf to be born in, borrowed until the run has ended; nil for our own.
    ///   - tree: kills and measures all that the run consists of.
    ///   - cancellation: ends the run from elsewhere: once gracefully, a second time at once.
    ///   - onFilterListener: gets the listener of a notifying filter, and must answer it or close it.
    /// - Throws: `LaunchFailure` when the sandbox could not be made; nothing of it is left then.
    public func run(
        _ plan: LaunchPlan, cgroup: CInt?, tree: any ProcessTree, limits: SupervisionLimits,
        cancellation: Cancellation = Cancellation(),
        onFilterListener: (@Sendable (SharedDescriptor) -> Void)? = nil
    ) async throws(LaunchFailure) -> ExitFacts {
        let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
        let attachment = cancellation.attach { [loop] reason in loop.submit(.cancel(id: id, reason)) }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<ExitFacts, LaunchFailure>, Never>) in
                launcher.launch(plan, cgroup: cgroup) { [self] result in
                    switch result {
                    case .failure(let failure): continuation.resume(returning: .failure(failure))
                    case .success(let process):
                        if let listener = process.takeFilterListener() { onFilterListener?(listener) }
                        follow(process, id, tree, limits) { continuation.resume(returning: .success($0)) }
                        cancellation.adopted(attachment)
                    }
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        return try result.get()
    }

    /// From the launching thread straight to the loop: the caller's task sleeps until there is a result.
    private func follow(
        _ process: LaunchedProcess, _ id: UInt64, _ tree: any ProcessTree, _ limits: SupervisionLimits,
        answer: @escaping @Sendable (ExitFacts) -> Void
    ) {
        loop.submit(
            .adopt(id: id) { [parallelism] in
                EventLoop.ActiveRunBox(
                    run: ActiveRun(
                        id: id, process: process, tree: tree, limits: limits, launchedAt: process.bornAt,
                        parallelism: parallelism, answer: answer))
            })
    }
}

/// Ends a run from outside: the first time with SIGTERM and the grace, from the second on at once.
///
/// Good for several runs one after the other: what was asked during one holds for those after it too. Not for two at once.
public final class Cancellation: Sendable {
    private struct State {
        var reasons: [FiredAction.Kind] = []
        var forward: (@Sendable (FiredAction.Kind) -> Void)?
        /// Which of the runs it is, from 1.
        var attachment: UInt64 = 0
        var adopted = false
    }

    private let state = Mutex(State())

    public init() {}

    /// `reason` is what the run's actions will say; a limit that only the caller can measure has its own.
    public func cancel(_ reason: FiredAction.Kind = .cancelled) {
        let forward = state.withLock { state in
            state.reasons.append(reason)
            return state.adopted ? state.forward : nil
        }
        forward?(reason)
    }

    /// True once anybody asked.
    public var isRequested: Bool { state.withLock { !$0.reasons.isEmpty } }

    /// Begins a run, which is not known to the loop yet. Returns what ``adopted(_:)`` is to be called with.
    func attach(_ forward: @escaping @Sendable (FiredAction.Kind) -> Void) -> UInt64 {
        state.withLock { state in
            state.forward = forward
            state.adopted = false
            state.attachment += 1
            return state.attachment
        }
    }

    /// The run is known to the loop: what was asked before is passed on. Of a run that another has followed it says nothing: a
    /// short one may be over before its launching thread comes here.
    func adopted(_ attachment: UInt64) {
        let (reasons, forward) = state.withLock { state in
            guard state.attachment == attachment else { return ([FiredAction.Kind](), state.forward) }
            state.adopted = true
            return (state.reasons, state.forward)
        }
        for reason in reasons { forward?(reason) }
    }
}
