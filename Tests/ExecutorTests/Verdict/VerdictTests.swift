import SystemPackage
import Testing

@testable import Executor

/// The table of `Verdict.classify`, row by row, and the facts that contradict each other. `OutcomesDocumentTests` holds the
/// rows against the document's.
@Suite struct VerdictTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var facts: RunFacts
        var kind: VerdictKind
        var failureClass: FailureClass
        var partial = false
        /// The source of the evidence that decided.
        var source: String

        init(
            _ name: String, _ facts: RunFacts, _ kind: VerdictKind, _ failureClass: FailureClass, partial: Bool = false,
            from source: String
        ) {
            testDescription = name
            self.facts = facts
            self.kind = kind
            self.failureClass = failureClass
            self.partial = partial
            self.source = source
        }
    }

    static let table = ExitCodeTable([.clean: [0], .findings: [1], .transient: [75], .critical: [78]])
    static let zero = RunFacts.Counters(oomKills: 0, oomGroupKills: 0, pidsMaxEvents: 0, cpuUsageMicroseconds: 0)

    static func facts(
        _ ending: RunFacts.Ending, _ actions: [RunFacts.Action.Kind] = [], oom: Int64 = 0, pids: Int64 = 0,
        cpu: Int64 = 0,
        cpuDeadline: Duration? = nil, seccomp: Bool = true, log: KernelLogWord = .notAsked, helpers: Int? = nil,
        cleanup: RunFacts.Cleanup = .done
    ) -> RunFacts {
        RunFacts(
            ending: ending, actions: actions.enumerated().map { RunFacts.Action($1, at: .seconds($0 + 1)) },
            before: zero,
            after: RunFacts.Counters(oomKills: oom, oomGroupKills: oom, pidsMaxEvents: pids, cpuUsageMicroseconds: cpu),
            cpuDeadline: cpuDeadline, seccompInstalled: seccomp, kernelLog: log, helpersKilled: helpers,
            exitCodes: table,
            cleanup: cleanup)
    }

    static func failure(_ errno: Errno) -> RunFacts.Ending {
        .launchFailed(.init(step: "exec", index: 0, item: "/bin/x", errno: errno))
    }

    static let lost = RunFacts.Ending.unknown("pid 1 left no record")

    static func killed(_ signal: Int32) -> RunFacts.Ending { .signaled(number: signal, coreDumped: false) }

    static func call(_ name: String?, _ number: Int64 = 101) -> FilteredCall {
        FilteredCall(number: number, architecture: 0xc000_003e, name: name)
    }

    static let leak = RunFacts.Cleanup.stillPopulated(processes: 2, after: .seconds(5))

    /// One case at least for each row, in the order of the table.
    static let rows: [Case] = [
        Case("1 invalid task", facts(.invalidTask("unknown scanner \"x\"")), .invalidTask, .none, from: "task"),
        Case(
            "2 still populated", facts(.exited(code: 0), cleanup: leak), .cleanupFailed, .critical,
            from: "cgroup.events"),
        Case(
            "2 mount left", facts(.exited(code: 0), cleanup: .failed("a mount is busy")), .cleanupFailed, .critical,
            from: "clean-up"),
        Case("3 filter", facts(killed(31)), .seccompViolation, .critical, from: "seccomp"),
        Case(
            "3 filter, named", facts(killed(31), log: .calls([call("ptrace")])), .seccompViolation, .critical,
            from: "kernel log"),
        Case("4 cancelled", facts(killed(9), [.cancelled]), .cancelled, .none, from: "supervisor"),
        Case("4 not started", facts(.notStarted), .cancelled, .none, from: "supervisor"),
        Case("5 no such program", facts(failure(.noSuchFileOrDirectory)), .launchFailed, .critical, from: "launch"),
        Case("6 wall", facts(killed(15), [.wallDeadline]), .timedOut, .transient, from: "supervisor"),
        Case("6 cpu", facts(killed(15), [.cpuDeadline]), .cpuExhausted, .transient, from: "supervisor"),
        Case("6 output", facts(killed(9), [.outputLimit]), .outputExceeded, .transient, from: "supervisor"),
        Case("7 oom, killed", facts(killed(9), oom: 1), .oomKilled, .transient, from: "memory.events"),
        Case("7 oom, noticed", facts(.exited(code: 2), oom: 1), .oomKilled, .transient, from: "memory.events"),
        Case(
            "8 landed before the deadline, failed", facts(.exited(code: 143), [.deadlineNear]), .timedOut, .transient,
            partial: true, from: "supervisor"),
        Case(
            "8 landed before the deadline, deaf", facts(killed(9), [.deadlineNear]), .timedOut, .transient,
            from: "supervisor"),
        Case(
            "8 landed at memory.high, failed", facts(.exited(code: 3), [.memoryHigh]), .oomKilled, .transient,
            partial: true, from: "supervisor"),
        Case(
            "8 landed at memory.high, without a handler", facts(killed(15), [.memoryHigh]), .oomKilled, .transient,
            from: "supervisor"),
        Case(
            "9 cpu.stat", facts(killed(24), cpu: 2_000_000, cpuDeadline: .seconds(2)), .cpuExhausted, .transient,
            from: "cpu.stat"),
        Case("10 pids, failed", facts(.exited(code: 2), pids: 7), .pidsExhausted, .transient, from: "pids.events"),
        Case("7 oom, nobody can tell", facts(lost, oom: 1), .oomKilled, .transient, from: "memory.events"),
        Case("8 landed, nobody can tell", facts(lost, [.deadlineNear]), .timedOut, .transient, from: "supervisor"),
        Case("10 pids, nobody can tell", facts(lost, pids: 7), .pidsExhausted, .transient, from: "pids.events"),
        Case("10 pids, killed", facts(killed(6), pids: 7), .pidsExhausted, .transient, from: "pids.events"),
        Case("11 killed from outside", facts(killed(9)), .signaled, .transient, from: "wait status"),
        Case("11 crashed", facts(.signaled(number: 11, coreDumped: true)), .signaled, .transient, from: "wait status"),
        Case("12 clean", facts(.exited(code: 0)), .clean, .none, from: "wait status"),
        Case("12 findings", facts(.exited(code: 1)), .findings, .none, from: "wait status"),
        Case("12 unlisted code", facts(.exited(code: 3)), .scannerError, .transient, from: "wait status"),
        Case("12 transient code", facts(.exited(code: 75)), .scannerError, .transient, from: "wait status"),
        Case("12 critical code", facts(.exited(code: 78)), .scannerError, .critical, from: "wait status"),
        Case("12 partial, OOM", facts(.exited(code: 0), oom: 1), .clean, .none, partial: true, from: "wait status"),
        Case(
            "12 partial, landed before the deadline", facts(.exited(code: 1), [.deadlineNear]), .findings, .none,
            partial: true, from: "wait status"),
        Case(
            "12 partial, landed at memory.high", facts(.exited(code: 0), [.memoryHigh]), .clean, .none, partial: true,
            from: "wait status"),
        Case(
            "12 nobody can tell", facts(.unknown("pid 1 left no record")), .scannerError, .transient, from: "supervisor"
        ),
        Case(
            "12 partial, helper", facts(.exited(code: 1), helpers: 1), .findings, .none, partial: true,
            from: "wait status"),
    ]

    @Test func deadlinesAreToldInUnitsForPeople() {
        func text(_ action: RunFacts.Action) -> String { Verdict.action(action).text }
        #expect(
            text(.init(.wallDeadline, at: .milliseconds(1004), limit: 1_000_000))
                == "the wall deadline of 1s fired 1.004s after the launch")
        #expect(
            text(.init(.cpuDeadline, at: .milliseconds(620), limit: 500_000))
                == "the CPU deadline of 500ms fired 620ms after the launch")
        #expect(
            text(.init(.outputLimit, at: .seconds(2), limit: 1024))
                == "the output limit of 1024 bytes fired 2s after the launch")
    }

    static let contradictions: [Case] = [
        Case(
            "a leak outranks a success, a cancellation and a filter", facts(killed(31), [.cancelled], cleanup: leak),
            .cleanupFailed, .critical, from: "cgroup.events"),
        Case(
            "an invalid task left nothing", facts(.invalidTask("x"), cleanup: .done), .invalidTask, .none, from: "task"),
        Case(
            "deadline and OOM together", facts(killed(9), [.wallDeadline], oom: 1), .timedOut, .transient,
            from: "supervisor"),
        Case(
            "wall before cpu", facts(killed(9), [.wallDeadline, .cpuDeadline]), .timedOut, .transient,
            from: "supervisor"),
        Case(
            "cpu before wall", facts(killed(9), [.cpuDeadline, .wallDeadline]), .cpuExhausted, .transient,
            from: "supervisor"),
        Case(
            "deadline, then cancelled", facts(killed(9), [.wallDeadline, .cancelled]), .timedOut, .transient,
            from: "supervisor"),
        Case(
            "cancelled, then deadline", facts(killed(9), [.cancelled, .wallDeadline]), .cancelled, .none,
            from: "supervisor"),
        Case(
            "exits 0 on our SIGTERM", facts(.exited(code: 0), [.wallDeadline]), .timedOut, .transient,
            from: "supervisor"),
        Case(
            "exits with a critical code on our SIGTERM", facts(.exited(code: 78), [.cancelled]), .cancelled, .none,
            from: "supervisor"),
        Case(
            "filter during the grace", facts(killed(31), [.wallDeadline]), .seccompViolation, .critical, from: "seccomp"
        ),
        Case(
            "a leak after a landing", facts(.exited(code: 0), [.deadlineNear], cleanup: leak), .cleanupFailed,
            .critical, from: "cgroup.events"),
        Case(
            "landed, and the filter killed it", facts(killed(31), [.memoryHigh]), .seccompViolation, .critical,
            from: "seccomp"),
        Case(
            "landed at memory.high, then the deadline", facts(.exited(code: 0), [.memoryHigh, .wallDeadline]),
            .timedOut, .transient, partial: true, from: "supervisor"),
        Case(
            "landed, then cancelled", facts(.exited(code: 0), [.deadlineNear, .cancelled]), .cancelled, .none,
            partial: true, from: "supervisor"),
        Case(
            "landed, and the kernel killed it for memory after all", facts(killed(9), [.memoryHigh], oom: 1),
            .oomKilled, .transient, from: "memory.events"),
        Case(
            "landed before the deadline, and over the CPU deadline",
            facts(killed(15), [.deadlineNear], cpu: 3_000_000, cpuDeadline: .seconds(2)), .timedOut, .transient,
            from: "supervisor"),
        Case(
            "landed with a critical code", facts(.exited(code: 78), [.deadlineNear]), .timedOut, .transient,
            partial: true, from: "supervisor"),
        Case(
            "128 + SIGTERM by the program itself", facts(.exited(code: 143)), .scannerError, .transient,
            from: "wait status"),
        Case("SIGTERM from outside", facts(killed(15)), .signaled, .transient, from: "wait status"),
        Case(
            "SIGSYS without our filter", facts(killed(31), seccomp: false), .signaled, .transient, from: "wait status"),
        Case("137 by the program itself", facts(.exited(code: 137)), .scannerError, .transient, from: "wait status"),
        Case("137 and an OOM kill", facts(.exited(code: 137), oom: 1), .oomKilled, .transient, from: "memory.events"),
        Case("OOM and pids together", facts(killed(9), oom: 1, pids: 3), .oomKilled, .transient, from: "memory.events"),
        Case(
            "OOM outranks a critical code", facts(.exited(code: 78), oom: 1), .oomKilled, .transient,
            from: "memory.events"),
        Case("pids refused, and it managed", facts(.exited(code: 0), pids: 3), .clean, .none, from: "wait status"),
        Case(
            "over the CPU deadline, and done", facts(.exited(code: 0), cpu: 3_000_000, cpuDeadline: .seconds(2)),
            .clean, .none, from: "wait status"),
        Case(
            "over the CPU deadline, and failed by itself",
            facts(.exited(code: 3), cpu: 3_000_000, cpuDeadline: .seconds(2)), .scannerError, .transient,
            from: "wait status"),
        Case(
            "SIGXCPU below the deadline", facts(killed(24), cpu: 1, cpuDeadline: .seconds(2)), .signaled, .transient,
            from: "wait status"),
        Case(
            "a launch that failed once it was cancelled", facts(failure(.noMemory), [.cancelled]), .cancelled, .none,
            from: "supervisor"),
        Case(
            "a helper crashed and the scanner failed", facts(.exited(code: 3), helpers: 1), .scannerError, .transient,
            from: "wait status"),
    ]

    @Test(arguments: rows + contradictions)
    func runsAreClassifiedByTheTable(_ expected: Case) {
        let verdict = Verdict.classify(expected.facts)
        #expect(verdict.kind == expected.kind)
        #expect(verdict.failureClass == expected.failureClass)
        #expect(verdict.partial == expected.partial)
        #expect(verdict.evidence.first?.source == expected.source)
        #expect(Set(verdict.evidence).count == verdict.evidence.count)
    }

    @Test(arguments: [
        (Errno.resourceTemporarilyUnavailable, FailureClass.transient), (.noMemory, .transient),
        (.tooManyOpenFiles, .transient),
        (.tooManyOpenFilesInSystem, .transient), (.noSpace, .transient), (.permissionDenied, .critical),
        (.noSuchFileOrDirectory, .critical),
        (.execFormatError, .critical), (.argListTooLong, .critical), (.notPermitted, .critical),
    ])
    func launchFailuresPassByTheirErrno(errno: Errno, failureClass: FailureClass) {
        let verdict = Verdict.classify(Self.facts(Self.failure(errno)))
        #expect(verdict.kind == .launchFailed)
        #expect(verdict.failureClass == failureClass)
        #expect(verdict.step == "exec")
        #expect(verdict.errno == errno)
        #expect(verdict.exitCode == nil)
    }

    @Test func everyKindIsReached() {
        #expect(Set((Self.rows + Self.contradictions).map(\.kind)) == Set(VerdictKind.allCases))
    }

    @Test func whatContradictsTheVerdictStandsBesideIt() {
        let verdict = Verdict.classify(Self.facts(Self.killed(9), [.wallDeadline], oom: 1, pids: 4))
        #expect(verdict.evidence.map(\.source) == ["supervisor", "wait status", "memory.events", "pids.events"])
        #expect(
            verdict.evidence[2]
                == Evidence(
                    source: "memory.events", field: "oom_kill", before: 0, after: 1,
                    text: "the kernel killed 1 of the run's processes for lack of memory, the whole cgroup with it"))
    }

    @Test func refusedForksAreEvidenceOfASuccessfulRun() {
        let verdict = Verdict.classify(Self.facts(.exited(code: 0), pids: 3))
        #expect(verdict.evidence.map(\.source) == ["wait status", "pids.events"])
    }

    @Test func countersThatNobodyReadAreNotZero() {
        let unknown = Verdict.classify(RunFacts(ending: Self.killed(9)))
        #expect(unknown.kind == .signaled)
        #expect(
            unknown.evidence.map(\.text) == [
                "SIGKILL ended the scanner", "not available: an OOM kill cannot be told from another SIGKILL",
            ])
        // A counter read only afterwards may have stood there before.
        let half = RunFacts(ending: Self.killed(9), after: RunFacts.Counters(oomKills: 1))
        #expect(Verdict.classify(half).kind == .signaled)
        // One that stood there before is not the run's.
        let old = RunFacts(
            ending: Self.killed(9), before: RunFacts.Counters(oomKills: 4), after: RunFacts.Counters(oomKills: 4))
        #expect(Verdict.classify(old).kind == .signaled)
    }

    @Test func theRefusedCallIsNamedWhereTheLogNamesOneAndOnlyOne() {
        func verdict(_ word: KernelLogWord) -> Verdict { Verdict.classify(Self.facts(Self.killed(31), log: word)) }
        #expect(verdict(.calls([Self.call("mount"), Self.call("mount")])).syscall == "mount")
        let two = verdict(.calls([Self.call("mount"), Self.call("ptrace", 7)]))
        #expect(two.syscall == nil)
        #expect(two.evidence.filter { $0.source == "kernel log" }.map(\.after) == [101, 7])
        #expect(verdict(.calls([Self.call(nil, 9999)])).syscall == "system call 9999 of architecture 0xc000003e")
        for word in [KernelLogWord.notAsked, .unreadable("EPERM"), .silent(dropped: false), .silent(dropped: true)] {
            #expect(verdict(word).syscall == nil)
            #expect(verdict(word).kind == .seccompViolation)
        }
        #expect(verdict(.unreadable("EPERM")).evidence.contains { $0.text.contains("not known: EPERM") })
        // Without a filter of ours the log was not asked, and nothing is said of it.
        let unfiltered = Verdict.classify(Self.facts(Self.killed(31), seccomp: false))
        #expect(!unfiltered.evidence.contains { $0.source == "kernel log" })
    }

    @Test func theLargestProcessesAtALandingStandBesideIt() {
        var facts = Self.facts(.exited(code: 0), [.memoryHigh])
        facts.before?.memoryHighEvents = 0
        facts.after?.memoryHighEvents = 12
        facts.memoryUsers = [MemoryUser(pid: 42, name: "python3", residentBytes: 64 << 20)]
        let evidence = Verdict.classify(facts).evidence
        #expect(
            evidence.contains(
                Evidence(
                    source: "/proc/42/statm", field: "resident_bytes", after: 64 << 20,
                    text: "at the soft landing, python3 held 64MiB")))
        #expect(evidence.contains { $0.source == "memory.events" && $0.field == "high" && $0.after == 12 })
    }

    @Test func theVerdictCarriesHowTheScannerEnded() {
        #expect(Verdict.classify(Self.facts(.exited(code: 3))).exitCode == 3)
        #expect(Verdict.classify(Self.facts(Self.killed(11))).signal == 11)
        #expect(Verdict.classify(Self.facts(.exited(code: 0), [.wallDeadline])).exitCode == 0)
    }

    @Test(arguments: [
        (1, "SIGHUP"), (9, "SIGKILL"), (31, "SIGSYS"), (34, "SIGRTMIN+2"), (64, "SIGRTMIN+32"), (99, "signal 99"),
    ])
    func signalsHaveTheirNames(number: Int32, name: String) {
        #expect(SignalName.of(number) == name)
    }
}
