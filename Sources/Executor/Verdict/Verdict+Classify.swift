import SystemPackage
import SystemSupport

extension Verdict {
    /// Decides why a run ended, from what was measured and nothing else. The first row that holds is the verdict; the table
    /// with its reasons is in `docs/outcomes.md`, row by row the same:
    ///
    /// | row | holds when | kind | class |
    /// | --- | --- | --- | --- |
    /// | 1 | the task could not be a run | `invalid_task` | none |
    /// | 2 | processes, or anything else, outlived the clean-up | `cleanup_failed` | critical |
    /// | 3 | SIGSYS ended the scanner, and it ran under our filter | `seccomp_violation` | critical |
    /// | 4 | the first of our actions was a cancellation, or the run was not started | `cancelled` | none |
    /// | 5 | a step of the launch failed | `launch_failed` | transient for EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC; else critical |
    /// | 6 | the first of our actions was a deadline or the output limit | `timed_out`, `cpu_exhausted`, `output_exceeded` | transient |
    /// | 7 | the scanner failed, and `oom_kill` rose | `oom_killed` | transient |
    /// | 8 | the scanner failed after a soft landing | `timed_out` (deadline near), `oom_killed` (memory.high) | transient |
    /// | 9 | a signal ended it, and cpu.stat is at or over the CPU deadline | `cpu_exhausted` | transient |
    /// | 10 | the scanner failed, and `max` of pids.events rose | `pids_exhausted` | transient |
    /// | 11 | a signal ended it | `signaled` | transient |
    /// | 12 | it exited, or nobody can tell how it ended (`scanner_error`) | by the table: `clean`, `findings`, else `scanner_error` | none, or as the table says |
    ///
    /// Failed means: ended by a signal, with a code that is neither clean nor findings, or in a way that nobody can tell. A soft landing is no action in
    /// the sense of rows 4 and 6: it reaches no limit.
    public static func classify(_ facts: RunFacts) -> Verdict {
        var verdict = decide(facts).verdict
        switch facts.ending {
        case .exited(let code):
            verdict.exitCode = code
            // It was asked to end, and had the time to put away what it had.
            if facts.actions.contains(where: { $0.kind.isLanding }), verdict.kind != .cleanupFailed {
                verdict.partial = true
            }
        case .signaled(let number, _): verdict.signal = number
        case .launchFailed(let failure):
            verdict.step = failure.step
            verdict.errno = failure.errno
        case .notStarted, .invalidTask, .unknown: break
        }
        if verdict.kind == .timedOut, let slowness = facts.slowness {
            let starvation = HostStarvation(slowness)
            verdict.hostStarved = starvation.isStarved
            verdict.evidence += starvation.evidence
        }
        verdict.evidence.reserveCapacity(24)
        for item in observations(facts) where !verdict.evidence.contains(item) { verdict.evidence.append(item) }
        return verdict
    }

    /// The number of the row that decides: the document's and the tests' own.
    static func row(_ facts: RunFacts) -> Int { decide(facts).row }

    private static func decide(_ facts: RunFacts) -> (row: Int, verdict: Verdict) {
        if case .invalidTask(let reason) = facts.ending {
            let evidence = [Evidence(source: "task", text: reason)]
            return (1, Verdict(kind: .invalidTask, failureClass: .none, evidence: evidence))
        }
        if let leak = leak(facts.cleanup) {
            return (2, Verdict(kind: .cleanupFailed, failureClass: .critical, evidence: [leak]))
        }
        if case .signaled(SignalName.badSystemCall, _) = facts.ending, facts.seccompInstalled {
            return (
                3,
                Verdict(
                    kind: .seccompViolation, failureClass: .critical, syscall: facts.kernelLog.call?.text,
                    evidence: kernelLog(facts.kernelLog) + [ending(facts)])
            )
        }
        let first = facts.actions.first { !$0.kind.isLanding }
        if first?.kind == .cancelled || facts.ending == .notStarted {
            let decided = first.map(action) ?? Evidence(source: "supervisor", text: "cancelled before the start")
            return (4, Verdict(kind: .cancelled, failureClass: .none, evidence: [decided]))
        }
        if case .launchFailed(let failure) = facts.ending {
            let failureClass: FailureClass = passing.contains(failure.errno) ? .transient : .critical
            return (5, Verdict(kind: .launchFailed, failureClass: failureClass, evidence: [launch(failure)]))
        }
        if let first {
            return (6, Verdict(kind: kind(of: first.kind), failureClass: .transient, evidence: [action(first)]))
        }
        return decideUndisturbed(facts)
    }

    /// Rows 7 to 12: no limit of ours ended the run.
    private static func decideUndisturbed(_ facts: RunFacts) -> (row: Int, verdict: Verdict) {
        let ended = ending(facts)
        let meaning: ExitCodeTable.Meaning? =
            if case .exited(let code) = facts.ending { facts.exitCodes[code] } else { nil }
        let succeeded = meaning == .clean || meaning == .findings
        let oom = oomKill(facts)
        if !succeeded {
            func failed(_ row: Int, _ kind: VerdictKind, _ decided: Evidence) -> (row: Int, verdict: Verdict) {
                (row, Verdict(kind: kind, failureClass: .transient, evidence: [decided, ended]))
            }
            var isSignaled = false
            if case .signaled = facts.ending { isSignaled = true }
            if let oom { return failed(7, .oomKilled, oom) }
            if let landing = facts.actions.first(where: { $0.kind.isLanding }) {
                return failed(8, kind(of: landing.kind), action(landing))
            }
            if isSignaled, let cpu = cpuOverDeadline(facts) { return failed(9, .cpuExhausted, cpu) }
            if let pids = pidsRefused(facts) { return failed(10, .pidsExhausted, pids) }
            if isSignaled { return (11, Verdict(kind: .signaled, failureClass: .transient, evidence: [ended])) }
        }
        let partial = succeeded && (oom != nil || (facts.helpersKilled ?? 0) > 0)
        let (kind, failureClass): (VerdictKind, FailureClass) =
            switch meaning {
            case .clean: (.clean, .none)
            case .findings: (.findings, .none)
            case .critical: (.scannerError, .critical)
            case .transient, nil: (.scannerError, .transient)
            }
        return (12, Verdict(kind: kind, failureClass: failureClass, partial: partial, evidence: [ended]))
    }

    /// errno values of a launch that another moment may not see.
    private static let passing: Set<Errno> = [
        .resourceTemporarilyUnavailable, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noSpace,
    ]

    private static func kind(of action: RunFacts.Action.Kind) -> VerdictKind {
        switch action {
        case .wallDeadline, .deadlineNear: .timedOut
        case .memoryHigh: .oomKilled
        case .cpuDeadline: .cpuExhausted
        case .outputLimit: .outputExceeded
        case .cancelled: .cancelled
        }
    }
}
