import CgroupV2
import Executor
import SeccompPolicy
import SystemPackage
import SystemSupport
import Testing

@testable import ScanExecutorCLI

/// The tables of `ScanStatus` and `ExecStatus`, row by row.
@Suite struct StatusTests {
    private static func verdict(
        _ kind: VerdictKind, _ failureClass: FailureClass = .none, partial: Bool = false, exit: Int32? = nil,
        signal: Int32? = nil, step: String? = nil, errno: Errno? = nil
    ) -> Verdict {
        Verdict(
            kind: kind, failureClass: failureClass, partial: partial, exitCode: exit, signal: signal, step: step,
            errno: errno, evidence: [])
    }

    static let scanRows: [(Verdict, Int)] = [
        (verdict(.clean), 0), (verdict(.clean, partial: true), 2), (verdict(.findings), 1),
        (verdict(.findings, partial: true), 1), (verdict(.scannerError, .transient), 2),
        (verdict(.scannerError, .critical), 2), (verdict(.timedOut, .transient), 75),
        (verdict(.cpuExhausted, .transient), 75), (verdict(.oomKilled, .transient), 75),
        (verdict(.pidsExhausted, .transient), 75), (verdict(.outputExceeded, .transient), 75),
        (verdict(.signaled, .transient), 75), (verdict(.seccompViolation, .critical), 2),
        (verdict(.launchFailed, .transient, step: "clone"), 75), (verdict(.launchFailed, .critical, step: "mount"), 70),
        (verdict(.launchFailed, .critical, step: "exec"), 69), (verdict(.cleanupFailed, .critical), 70),
        (verdict(.cancelled), 130), (verdict(.invalidTask), 64),
    ]

    @Test(arguments: scanRows) func scan(_ verdict: Verdict, _ status: Int) {
        #expect(ScanStatus.of(verdict, interruptedBy: 2).code == Int32(status))
    }

    static let execRows: [(Verdict, Int)] = [
        (verdict(.clean, exit: 0), 0), (verdict(.scannerError, .transient, exit: 42), 42),
        (verdict(.timedOut, .transient, signal: 15), 124), (verdict(.cpuExhausted, .transient, signal: 9), 124),
        (verdict(.outputExceeded, .transient, exit: 0), 124), (verdict(.oomKilled, .transient, signal: 9), 137),
        (verdict(.oomKilled, .transient, exit: 3), 3), (verdict(.pidsExhausted, .transient, exit: 2), 2),
        (verdict(.signaled, .transient, signal: 11), 139), (verdict(.seccompViolation, .critical, signal: 31), 159),
        (verdict(.launchFailed, .critical, step: "exec", errno: .noSuchFileOrDirectory), 127),
        (verdict(.launchFailed, .critical, step: "exec", errno: .permissionDenied), 126),
        (verdict(.launchFailed, .transient, step: "exec", errno: .noMemory), 125),
        (verdict(.launchFailed, .critical, step: "mount", errno: .noSuchFileOrDirectory), 125),
        (verdict(.cleanupFailed, .critical, exit: 0), 125), (verdict(.cancelled, exit: 0), 143),
        (verdict(.invalidTask), 125),
    ]

    @Test(arguments: execRows) func exec(_ verdict: Verdict, _ status: Int) {
        #expect(ExecStatus.of(verdict, interruptedBy: 15).code == Int32(status))
    }

    /// The last two columns of the table of kinds in docs/outcomes.md.
    @Test func theDocumentedStatusesAreThese() throws {
        let text = try BeneathDirectory(path: "\(Tool.project)/docs").readText("outcomes.md")
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.filter { $0 != "`" && $0 != " " } }
            guard cells.count == 6, let kind = VerdictKind(rawValue: cells[0]) else { continue }
            found.insert(kind.rawValue)
            func numbers(_ cell: String) -> Set<Int> { Set(cell.split { !$0.isNumber }.compactMap { Int($0) }) }
            func statuses(_ rows: [(Verdict, Int)]) -> Set<Int> { Set(rows.filter { $0.0.kind == kind }.map(\.1)) }
            if kind == .cancelled {
                #expect(cells[4] == "128+oursignal" && cells[5] == "128+oursignal")
                continue
            }
            #expect(numbers(cells[4]) == statuses(Self.scanRows), "\(kind)")
            // Where the command's own code or signal is passed on there is no number to compare.
            if !cells[5].contains("itscode") && !cells[5].contains("signal") {
                #expect(numbers(cells[5]) == statuses(Self.execRows), "\(kind)")
            }
        }
        #expect(found == Set(VerdictKind.allCases.map(\.rawValue)))
    }

    static let failures: [(any Error & Sendable, Int)] = [
        (ExecutorError(.target, ""), 64), (ExecutorError(.output, ""), 64),
        (ExecutorError(.output, "", isTransient: true), 75), (ExecutorError(.command, ""), 69),
        (ExecutorError(.enforcement, ""), 69), (ExecutorError(.host, ""), 69),
        (ExecutorError(.host, "", isTransient: true), 75), (ExecutorError(.seccomp, ""), 78),
        (ProfileError(.notFound, "", []), 78), (ProfileError(.invalidName, "", []), 64),
        (ProfileError(.invalid, "", []), 78), (ProfileError(.malformed, "", []), 78),
        (ProfileError(.unreadable, "", []), 78), (ProfileError(.invalidLimit, "", []), 64),
        (SettingsError(description: ""), 78), (InputError(""), 64),
        (CgroupError(.exhausted, "", "", advice: ""), 75), (CgroupError(.noMount, "", "", advice: ""), 69),
        (CgroupError(.notCgroup2, "", "", advice: ""), 78), (CgroupError(.system, "", "", advice: ""), 70),
        (SeccompPolicyError(.invalid, SourcePosition(file: ""), ""), 78),
    ]

    @Test(arguments: failures) func failure(_ error: any Error & Sendable, _ status: Int) {
        #expect(ExitStatus.failure(error).code == Int32(status))
    }

    @Test func failureOfExecIsAShells() {
        #expect(ExecStatus.failure(ExecutorError(.command, "", errno: .noSuchFileOrDirectory)).code == 127)
        #expect(ExecStatus.failure(ExecutorError(.command, "", errno: .permissionDenied)).code == 126)
        #expect(ExecStatus.failure(ExecutorError(.command, "")).code == 126)
        #expect(ExecStatus.failure(ExecutorError(.host, "", errno: .noSuchFileOrDirectory)).code == 125)
        #expect(ExecStatus.failure(InputError("")).code == 125)
    }
}
