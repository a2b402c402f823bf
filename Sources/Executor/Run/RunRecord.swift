import CgroupV2
import Glibc
import ProcessSupervisor
import SeccompPolicy
import SystemPackage
import SystemSupport

/// What is learnt of a run on its way, and the report that comes of it.
struct RunRecord {
    /// How far the run came.
    enum Attempt {
        /// Cancelled before its turn.
        case notStarted
        case failed(LaunchFailure)
        case ended(ExitFacts)
    }

    private let request: RunRequest
    private var report: RunReport
    let startedAt = Timestamp.now
    private(set) var endedAt: MonotonicTime?
    var seccomp: RunReport.Content?
    var enforcement = Enforcement()
    var cgroup: String?
    var usage: CgroupUsage?
    /// Nil where no caps are above the run.
    var caps: CapFacts?
    var cleanup = RunFacts.Cleanup.done
    var kernelLog = KernelLogWord.notAsked
    var memoryUsers: [MemoryUser] = []
    var hostPressure = (before: RunFacts.HostPressure(), after: RunFacts.HostPressure())

    init(_ request: RunRequest, _ settings: HostSettings) {
        self.request = request
        report = RunReport(verdict: Verdict(kind: .invalidTask, failureClass: .none, evidence: []))
        report.taskID = request.taskID
        report.attempt = request.attempt
        report.scanner = request.scanner
        report.host = HostName.current
        report.profile = request.profile
        report.limits = AppliedLimits(
            limits: request.limits, deadlines: request.deadlines, softLanding: request.softLanding)
        report.limits.typeCaps = settings.caps?.types[request.type]
        report.limits.allCaps = settings.caps.flatMap { $0.all.isEmpty ? nil : $0.all }
    }

    mutating func setupEnd(_ attempt: Attempt, _ begun: MonotonicTime) {
        let now = MonotonicTime.now
        guard case .ended(let facts) = attempt else {
            endedAt = now
            report.timings.setupMicroseconds = (now - begun).wholeMicroseconds
            return
        }
        endedAt = facts.endedAt
        let started = facts.startedAt ?? facts.launchedAt
        report.timings.setupMicroseconds = (started - begun).wholeMicroseconds
        report.timings.runMilliseconds = (facts.endedAt - started).wholeMilliseconds
        report.usage.wallMilliseconds = (facts.endedAt - started).wholeMilliseconds
    }

    /// The report, complete but for the time of the teardown.
    ///
    /// - Parameter failure: why the run could not be made, or its results not be kept.
    func outcome(
        _ attempt: Attempt, _ collected: ArtifactCollector.Collection, _ refusals: [Refusal]?,
        failure: ExecutorError? = nil
    ) -> RunOutcome {
        var report = report
        report.startedAt = startedAt
        report.endedAt = Timestamp.now
        report.seccomp = seccomp
        report.enforcement = enforcement
        report.cgroup = cgroup
        report.artifacts = collected.artifacts
        if let usage { report.usage.fill(from: usage) }
        var ending: ExitFacts.Ending?
        if case .ended(let facts) = attempt {
            ending = facts.ending
            // Where the caller took a stream over, its bytes are the caller's to count.
            if request.standardOutput == nil {
                report.output.stdoutBytes = Int64(clamping: facts.stdout.totalBytes)
                report.output.stdout = facts.stdout.joined
            }
            if request.standardError == nil {
                report.output.stderrBytes = Int64(clamping: facts.stderr.totalBytes)
                report.output.stderr = facts.stderr.joined
            }
            report.output.truncated = facts.stdout.isTruncated || facts.stderr.isTruncated
        }
        report.verdict = Verdict.classify(facts(attempt))
        if let failure { report.verdict.add(failure, isOfTheStart: ending == nil) }
        var outcome = RunOutcome(report: report, ending: ending, refusals: refusals)
        outcome.passedOver = collected.passedOver
        readFindings(attempt, collected, &outcome)
        return outcome
    }

    private func readFindings(
        _ attempt: Attempt, _ collected: ArtifactCollector.Collection,
        _ outcome: inout RunOutcome
    ) {
        guard let wanted = request.report, case .ended(let facts) = attempt else { return }
        let bytes: [UInt8]?
        switch wanted.path {
        case "stdout": bytes = facts.stdout.isTruncated ? nil : facts.stdout.head + facts.stdout.tail
        default: bytes = collected.report
        }
        guard let bytes else {
            outcome.findingsProblem = collected.reportProblem ?? "the scanner left no report \(wanted.path)"
            return
        }
        do throws(FindingsError) {
            let findings = try FindingsReader(format: wanted.format).read(bytes)
            outcome.findings = findings
            outcome.report.findingsCount = findings.count
        } catch {
            outcome.findingsProblem = "the report \(wanted.path) cannot be read: \(error)"
        }
    }

    private func facts(_ attempt: Attempt) -> RunFacts {
        var facts = RunFacts(ending: .notStarted, exitCodes: request.exitCodes, cleanup: cleanup)
        facts.caps = caps
        facts.cpuDeadline = request.deadlines.cpu
        facts.seccompInstalled = !request.logsRefusals
        if let usage {
            // A fresh cgroup's counters are zero: the leaf is this run's alone.
            facts.before = RunFacts.Counters(
                oomKills: usage.memory?.events?.oomKill.map { _ in 0 },
                oomGroupKills: usage.memory?.events?.oomGroupKill.map { _ in 0 },
                memoryHighEvents: usage.memory?.events?.high.map { _ in 0 },
                pidsMaxEvents: usage.pids?.refusedForks.map { _ in 0 },
                cpuUsageMicroseconds: usage.cpu?.total.map { _ in 0 })
            facts.after = RunFacts.Counters(
                oomKills: usage.memory?.events?.oomKill.map { Int64(clamping: $0) },
                oomGroupKills: usage.memory?.events?.oomGroupKill.map { Int64(clamping: $0) },
                memoryHighEvents: usage.memory?.events?.high.map { Int64(clamping: $0) },
                pidsMaxEvents: usage.pids?.refusedForks.map { Int64(clamping: $0) },
                cpuUsageMicroseconds: usage.cpu?.total?.wholeMicroseconds)
        }
        switch attempt {
        case .notStarted: facts.ending = .notStarted
        case .failed(let failure):
            facts.ending = .launchFailed(
                .init(step: failure.step, index: failure.index, item: failure.item, errno: failure.errno))
        case .ended(let exit):
            facts.ending = ending(exit)
            facts.actions = exit.actions.compactMap { action(of: $0, exit) }
            facts.helpersKilled = exit.helpersKilled
            facts.kernelLog = kernelLog
            facts.memoryUsers = memoryUsers
            facts.slowness = slowness(exit)
        }
        return facts
    }

    private func slowness(_ exit: ExitFacts) -> RunFacts.Slowness {
        var slowness = RunFacts.Slowness(
            wall: (exit.endedAt - exit.launchedAt).wholeMicroseconds,
            cpuFull: usage?.cpuPressure?.full?.total.wholeMicroseconds,
            // Without a quota in force there is nothing to be held back by.
            throttled: enforcement.means[.cpu] == .cgroup ? usage?.cpu?.throttled?.wholeMicroseconds : 0,
            ioFull: usage?.ioPressure?.full?.total.wholeMicroseconds,
            hasIOLimit: enforcement.means[.io] == .cgroup,
            memoryFull: usage?.memoryPressure?.full?.total.wholeMicroseconds,
            reachedMemoryLimit: (usage?.memory?.events?.high ?? 0) + (usage?.memory?.events?.max ?? 0) > 0,
            hostBefore: hostPressure.before, hostAfter: hostPressure.after)
        let caps = [report.limits.typeCaps, report.limits.allCaps].compactMap { $0 }
        slowness.hasCPUCap = caps.contains { $0.cpu != nil }
        slowness.hasMemoryCap = caps.contains { $0.memory != nil }
        return slowness
    }

    private func ending(_ exit: ExitFacts) -> RunFacts.Ending {
        switch exit.ending {
        case .exited(let code): .exited(code: code)
        case .signaled(let signal, let dumped): .signaled(number: signal, coreDumped: dumped)
        case .notExecuted(let errno):
            .launchFailed(.init(step: LaunchStep.exec.name, item: request.command.first, errno: errno))
        // pid 1 and the program with it: by cgroup.kill of ours, the OOM killer (oom.group), or somebody outside.
        case .killedWithSandbox(let signal) where signal != 0: .signaled(number: signal, coreDumped: false)
        case .killedWithSandbox: .unknown("the sandbox's pid 1 ended without a record of how the scanner did")
        case .unkillable: .unknown("the scanner's processes outlived the kill")
        }
    }

    private func action(of fired: FiredAction, _ exit: ExitFacts) -> RunFacts.Action? {
        let at = fired.at - exit.launchedAt
        switch fired.kind {
        case .wallDeadline:
            return .init(
                .wallDeadline, at: at, limit: request.deadlines.wall.wholeMicroseconds, observed: at.wholeMicroseconds)
        case .cpuDeadline:
            return .init(
                .cpuDeadline, at: at, limit: request.deadlines.cpu?.wholeMicroseconds,
                observed: fired.observed)
        case .outputLimit:
            return .init(
                // Without a figure where the caller took a stream over: the caller measured.
                .outputLimit, at: at, limit: request.limits.printed.bytes, observed: fired.observed)
        case .cancelled: return .init(.cancelled, at: at)
        case .deadlineNear:
            let wall = request.deadlines.wall - (request.softLanding?.beforeDeadline ?? .zero)
            return .init(
                .deadlineNear, at: at, limit: wall.wholeMicroseconds, observed: at.wholeMicroseconds)
        case .pressed: return .init(.memoryHigh, at: at)
        case .terminated, .killed, .abandoned: return nil
        }
    }
}

extension CapturedStream {
    /// Head and tail as text, and between them how much is missing.
    var joined: String {
        if !isTruncated { return String(decoding: head + tail, as: UTF8.self) }
        return String(decoding: head, as: UTF8.self) + "\n[… \(droppedBytes) bytes not kept …]\n"
            + String(decoding: tail, as: UTF8.self)
    }
}

extension Verdict {
    /// What the caller gets as an error, the record has as evidence: with a run that ended it stands beside the rest, and where
    /// none was launched it is the verdict.
    fileprivate mutating func add(_ error: ExecutorError, isOfTheStart: Bool) {
        let item = Evidence(source: "executor", field: error.code.rawValue, text: "\(error)")
        if isOfTheStart && kind == .cancelled {
            self = Verdict(
                kind: .launchFailed, failureClass: error.isTransient ? .transient : .critical,
                step: error.code.rawValue,
                errno: error.errno, evidence: [item])
        } else {
            evidence.append(item)
        }
    }
}

extension Timestamp {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }
}

enum HostName {
    /// gethostname(2); nil where it fails.
    static var current: String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, 255) == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
