import Testing

@testable import Executor
@testable import ScanExecutorCLI

@Suite struct EnforcementLinesTests {
    @Test func limitsAndAMissingProcAreNamedOnStandardError() {
        let enforcement = Enforcement(
            [.cpu: .none, .memory: .rlimit, .pids: .cgroup, .io: .notRequested, .landlock: .none, .proc: .none],
            notes: [.memory: "a stand-in", .proc: "forbidden"])
        #expect(
            EnforcementLines.of(enforcement) == [
                "cpu is not enforced on this host", "memory is not enforced as a whole: a stand-in",
                "proc is not enforced: forbidden",
            ])
    }
}
