import SystemSupport
import Testing

@testable import Executor
@testable import ScanExecutorCLI

@Suite struct LiveLineTests {
    private let limits = ScannerLimits(cpu: CPUCount(millicores: 1000)!, memory: .mebibytes(512), pids: 32)

    @Test func showsWhatTheKernelReports() {
        let usage = LiveUsage(
            elapsed: .milliseconds(12_340), cpu: .milliseconds(11_980), memory: .kibibytes(210 * 1024 + 512), tasks: 3)
        #expect(
            LiveLine.text(usage, "bandit", limits, columns: 120)
                == "bandit  12.3 s  cpu 11.9 s  memory 210.5 MiB of 512MiB  3 of 32 processes")
    }

    @Test func leavesOutWhatIsNotReported() {
        let usage = LiveUsage(elapsed: .milliseconds(250), cpu: .zero)
        #expect(LiveLine.text(usage, "bandit", limits, columns: 80) == "bandit  0.2 s  cpu 0.0 s")
    }

    @Test(arguments: [0, 1, 2, 20]) func staysWithinTheTerminal(_ columns: Int) {
        let usage = LiveUsage(elapsed: .seconds(1), cpu: .seconds(1), memory: .mebibytes(1), tasks: 1)
        #expect(LiveLine.text(usage, "bandit", limits, columns: columns).count <= max(0, columns - 1))
    }
}
