import Executor
import Glibc
import SystemSupport

/// A scanner type of the made audit, with medians near those of real runs.
struct MadeScanner {
    let name: String
    /// Its part of all runs.
    let share: Double
    let wallMilliseconds: Double
    let memoryMiB: Double
    let pids: Double
    let limits: ScannerLimits
    let deadlines: Deadlines

    private init(
        _ name: String, _ share: Double, wall: Double, memory: Double, pids: Double, limit: (UInt32, Int, Int64)
    ) {
        self.name = name
        self.share = share
        wallMilliseconds = wall
        memoryMiB = memory
        self.pids = pids
        limits = ScannerLimits(
            cpu: CPUCount(millicores: 2000)!, memory: .mebibytes(limit.0), pids: limit.1)
        deadlines = Deadlines(wall: .seconds(limit.2), cpu: .seconds(2 * limit.2))
    }

    static let all = [
        MadeScanner("bandit", 0.24, wall: 2400, memory: 90, pids: 3, limit: (1024, 32, 1200)),
        MadeScanner("cppcheck", 0.2, wall: 5200, memory: 60, pids: 4, limit: (512, 32, 600)),
        MadeScanner("flawfinder", 0.18, wall: 900, memory: 24, pids: 2, limit: (256, 16, 600)),
        MadeScanner("gosec", 0.1, wall: 7600, memory: 420, pids: 22, limit: (2048, 128, 900)),
        MadeScanner("semgrep", 0.18, wall: 21_000, memory: 610, pids: 24, limit: (2048, 128, 1800)),
        MadeScanner("shellcheck", 0.1, wall: 700, memory: 34, pids: 5, limit: (512, 64, 600)),
    ]

    static func choose(_ chance: Double) -> MadeScanner {
        var rest = chance
        for scanner in all {
            if rest < scanner.share { return scanner }
            rest -= scanner.share
        }
        return all[0]
    }

    /// - Parameter elapsed: from 0 to 1 over the audit; trees grow by a third, and semgrep's memory is raised half-way.
    func run(
        at time: Int64, elapsed: Double, _ sequence: Int, _ random: inout RandomNumbers
    ) -> (RunReport, target: String) {
        var limits = self.limits
        if name == "semgrep" && elapsed > 0.5 { limits.memory = .mebibytes(3072) }
        // One tree's runs differ less than the trees do.
        let repository = min(19_999, Int(20_000 * random.uniform() * random.uniform()))
        var ofTree = RandomNumbers(state: UInt64(repository) &* 7919)
        let size = ofTree.logNormal(median: 1, sigma: 0.55) * (1 + elapsed / 3)
        var wall = Int64(wallMilliseconds * size * random.logNormal(median: 1, sigma: 0.25))
        var memory = Int64(memoryMiB * size.squareRoot() * random.logNormal(median: 1, sigma: 0.12) * 0x1p20)
        var pids = Int64(pids + random.uniform() * pids)
        var cpu = Int64(Double(wall) * 1000 * (0.6 + random.uniform()))
        var usage = Usage()
        var kind: VerdictKind = random.uniform() < 0.31 ? .findings : .clean
        let chance = random.uniform()
        if memory >= limits.memory.bytes || chance < 0.0015 {
            (kind, memory) = (.oomKilled, limits.memory.bytes)
            usage.oomKills = 1
        } else if wall >= deadlines.wall.wholeMilliseconds || chance < 0.003 {
            (kind, wall) = (.timedOut, deadlines.wall.wholeMilliseconds + Int64(random.uniform() * 90))
        } else if chance < 0.004 {
            (kind, pids) = (.pidsExhausted, Int64(limits.pids))
        } else if chance < 0.012 {
            kind = .scannerError
        } else if chance < 0.0125 {
            (kind, wall, cpu) = (.cancelled, wall / 3, cpu / 3)
        }
        cpu = min(cpu, (deadlines.cpu?.wholeMicroseconds ?? .max) - 1)
        usage.wallMilliseconds = wall
        usage.cpuUserMicroseconds = cpu / 10 * 9
        usage.cpuSystemMicroseconds = cpu / 10
        usage.memoryPeakBytes = memory
        usage.pidsPeak = min(pids, Int64(limits.pids))
        usage.ioReadBytes = Int64(random.logNormal(median: 3e6, sigma: 1.2))
        usage.ioWriteBytes = Int64(random.logNormal(median: 4e4, sigma: 1))
        let failure: FailureClass = kind.isSuccess || kind == .cancelled ? .none : .transient
        let verdict = Verdict(
            kind: kind, failureClass: failure, partial: kind.isSuccess && chance > 0.9995,
            exitCode: kind == .clean ? 0 : kind.isSuccess ? 1 : nil,
            evidence: [Evidence(source: "exit code", field: "exit_code", after: 0, text: "made for a benchmark")])
        var report = RunReport(verdict: verdict, limits: AppliedLimits(limits: limits, deadlines: deadlines))
        report.taskID = "\(name).\(sequence)"
        report.scanner = name
        report.attempt = 1
        report.host = "scan-host-1"
        report.startedAt = Timestamp(milliseconds: time)
        report.endedAt = Timestamp(milliseconds: time + wall)
        report.usage = usage
        report.enforcement = Enforcement([
            .cpu: .cgroup, .memory: .cgroup, .pids: .cgroup, .io: .notRequested, .seccomp: .kernel, .landlock: .kernel,
            .network: .kernel,
        ])
        report.output.stdoutBytes = Int64(random.logNormal(median: 400, sigma: 1.5))
        report.output.stderrBytes = Int64(random.logNormal(median: 90, sigma: 1))
        report.output.truncated = false
        report.output.stdout = "scanned \(repository % 997) files"
        report.output.stderr = ""
        let bytes = Int64(random.logNormal(median: 20_000, sigma: 1.1))
        report.artifacts = [
            RunReport.Artifact(
                path: "report.json", bytes: min(bytes, limits.out.bytes), sha256: String(repeating: "a5", count: 32))
        ]
        report.findingsCount = kind == .findings ? 1 + repository % 40 : kind == .clean ? 0 : nil
        report.timings.setupMicroseconds = 2400
        report.timings.runMilliseconds = wall
        report.timings.teardownMicroseconds = 900
        report.profile = RunReport.Content(name: name, sha256: String(repeating: "0f", count: 32))
        report.seccomp = RunReport.Content(name: "default", sha256: String(repeating: "3c", count: 32))
        report.cgroup = "tasks/\(name)/\(sequence).1"
        return (report, "/srv/checkouts/team-\(repository % 40)/repository-\(repository)")
    }
}
