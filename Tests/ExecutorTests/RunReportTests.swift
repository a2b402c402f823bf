import Foundation
import SystemSupport
import Testing

@testable import Executor

@Suite struct RunReportTests {
    static let limits: ScannerLimits = {
        var limits = ScannerLimits(cpu: CPUCount(parsing: "1.5") ?? oneCore, memory: .mebibytes(512), pids: 64)
        limits.memoryHigh = .mebibytes(448)
        limits.io = [IOLimit(readBytes: .mebibytes(50))]
        return limits
    }()
    static let oneCore = CPUCount(parsing: "1").unsafelyUnwrapped

    static func full() -> RunReport {
        let facts = RunFacts(ending: .exited(code: 1), exitCodes: ExitCodeTable([.clean: [0], .findings: [1]]))
        var report = RunReport(
            verdict: Verdict.classify(facts),
            limits: AppliedLimits(limits: limits, deadlines: Deadlines(wall: .seconds(600), cpu: .seconds(1200))),
            enforcement: Enforcement(
                [.cpu: .none, .memory: .cgroup, .pids: .rlimit, .io: .notRequested, .seccomp: .kernel],
                notes: [.cpu: "the cpu controller is not delegated"]))
        report.taskID = "t-1"
        report.scanner = "bandit"
        report.attempt = 1
        report.fence = 7
        report.host = "scan-1"
        report.startedAt = Timestamp(seconds: 1_767_225_600, nanoseconds: 5_000_000)
        report.endedAt = Timestamp(milliseconds: 1_767_225_602_345)
        report.usage.wallMilliseconds = 2340
        report.usage.cpuUserMicroseconds = 1_500_000
        report.usage.cpuSystemMicroseconds = 250_000
        report.usage.memoryPeakBytes = 222_298_112
        report.usage.oomKills = 0
        report.usage.pidsPeak = 3
        report.usage.pressure.memory = Usage.Pressure.Stall(someMicroseconds: 12, fullMicroseconds: 0)
        report.output.stdoutBytes = 6
        report.output.stderrBytes = 0
        report.output.truncated = false
        report.output.stdout = "a\"\\\n\u{1b}[0m\u{202e}é"
        report.output.stderr = ""
        report.artifacts = [RunReport.Artifact(path: "report.json", bytes: 12, sha256: "ab")]
        report.timings.setupMicroseconds = 900
        report.profile = RunReport.Content(name: "bandit", sha256: "cd")
        report.seccomp = RunReport.Content(name: "default", sha256: "ef")
        report.cgroup = "tasks/bandit/t-1.1"
        report.findingsCount = 6
        return report
    }

    @Test func theReportIsWrittenAsTheContractSays() {
        #expect(
            Self.full().json() == """
                {"schema":"scan-executor/report/1","task_id":"t-1","scanner":"bandit","attempt":1,"fence":7,"host":"scan-1",\
                "started_at":"2026-01-01T00:00:00.005Z","ended_at":"2026-01-01T00:00:02.345Z",\
                "verdict":{"kind":"findings","failure_class":"none","partial":false,"exit_code":1,"evidence":[\
                {"source":"wait status","field":"exit_code","after":1,"text":"the scanner exited with 1: findings by the profile's table"}]},\
                "limits":{"cpu_cores":1.5,"memory_bytes":536870912,"memory_high_bytes":469762048,"swap_bytes":0,"pids":64,\
                "io":[{"device":"target","read_bytes_per_s":52428800}],"wall_ms":600000,"cpu_ms":1200000,"grace_ms":5000,\
                "output_bytes":16777216,"tmp_bytes":67108864,"out_bytes":67108864,"open_files":1024},\
                "enforcement":{"cpu":"none","memory":"cgroup","pids":"rlimit","io":"not requested","seccomp":"kernel"},\
                "enforcement_notes":{"cpu":"the cpu controller is not delegated"},\
                "usage":{"wall_ms":2340,"cpu_user_us":1500000,"cpu_system_us":250000,"memory_peak_bytes":222298112,"oom_kills":0,\
                "pids_peak":3,"pressure":{"memory":{"some_us":12,"full_us":0}}},\
                "output":{"stdout_bytes":6,"stderr_bytes":0,"truncated":false,"stdout":"a\\"\\\\\\n\\u001b[0m\\u202eé","stderr":""},\
                "findings_count":6,"artifacts":[{"path":"report.json","bytes":12,"sha256":"ab"}],"timings":{"setup_us":900},\
                "profile":{"name":"bandit","sha256":"cd"},"seccomp":{"name":"default","sha256":"ef"},"cgroup":"tasks/bandit/t-1.1"}
                """)
    }

    @Test func bothFormsAreTheSameJSON() throws {
        let compact = try JSONSerialization.jsonObject(with: Data(Self.full().json().utf8)) as? NSDictionary
        let pretty = try JSONSerialization.jsonObject(with: Data(Self.full().json(pretty: true).utf8)) as? NSDictionary
        #expect(compact != nil)
        #expect(compact == pretty)
        #expect((compact?["output"] as? NSDictionary)?["stdout"] as? String == "a\"\\\n\u{1b}[0m\u{202e}é")
        #expect(Self.full().json(pretty: true).hasPrefix("{\n  \"schema\": \"scan-executor/report/1\",\n"))
    }

    @Test func whatIsNotKnownIsAbsent() {
        let report = RunReport(verdict: Verdict.classify(RunFacts(ending: .invalidTask("unknown scanner"))))
        #expect(
            report.json() == """
                {"schema":"scan-executor/report/1","verdict":{"kind":"invalid_task","failure_class":"none","partial":false,\
                "evidence":[{"source":"task","text":"unknown scanner"}]},"limits":{},"enforcement":{},"usage":{},"output":{},\
                "artifacts":[],"timings":{}}
                """)
    }

    @Test func signalsAndErrnosGoOutByName() {
        let killed = RunReport(verdict: Verdict.classify(RunFacts(ending: .signaled(number: 11, coreDumped: false))))
        #expect(killed.json().contains("\"signal\":\"SIGSEGV\""))
        let failed = RunReport(
            verdict: Verdict.classify(
                RunFacts(ending: .launchFailed(.init(step: "exec", item: "/x", errno: .noSuchFileOrDirectory)))))
        #expect(failed.json().contains("\"step\":\"exec\",\"errno\":\"ENOENT\""))
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func momentsAreWrittenInUTC(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test func numbersThatJSONDoesNotKnowAreLeftOut() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.number("nan", .nan)
            writer.number("inf", .infinity)
            writer.number("small", 1e-7)
            writer.integer("least", Int64.min)
            writer.object("empty") { _ in }
        }
        #expect(writer.text == "{\"small\":1e-07,\"least\":-9223372036854775808,\"empty\":{}}")
    }
}
