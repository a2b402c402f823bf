import Executor
import Glibc
import SystemSupport
import Testing

/// The verbs over an audit that the test writes.
@Suite struct AuditTests {
    private let workspace: Workspace
    private var directory: String { "\(workspace.path)/audit" }

    init() throws {
        workspace = try Workspace()
        mkdir(directory, 0o700)
        var previous = String(repeating: "0", count: 64)
        var text = ""
        for number in 1...40 {
            var report = RunReport(
                verdict: Verdict(
                    kind: number == 7 ? .oomKilled : .findings, failureClass: .none,
                    evidence: [Evidence(source: "exit code", text: "1")]))
            report.scanner = "tool"
            report.taskID = "task.\(number % 4)"
            report.startedAt = Timestamp(milliseconds: 1_772_323_200_000 + Int64(number) * 3_600_000)
            report.usage.wallMilliseconds = Int64(number) * 100
            report.usage.memoryPeakBytes = Int64(number) << 20
            report.limits.limits = ScannerLimits(cpu: CPUCount(millicores: 1000)!, memory: .mebibytes(64), pids: 16)
            let id = "01JAAAAAAA" + String(repeating: "0", count: 14) + (number < 10 ? "0\(number)" : "\(number)")
            let line =
                report.json().dropLast()
                + ",\"audit\":{\"id\":\"\(id)\",\"sequence\":\(number),\"previous\":\"\(previous)\",\"target\":\"/srv/\\u001b[31m\(number % 2)\"}}"
            previous = SHA256.hex(SHA256.digest(Array(line.utf8)))
            text += line + "\n"
        }
        try workspace.write(text, to: "audit/audit-00000000000000000001.jsonl")
        try workspace.scanner("tool", "true")
    }

    private func audit(_ arguments: String...) throws -> Tool.Finished {
        try Tool.run(["audit"] + arguments, environment: ["SCAN_EXECUTOR_AUDIT_DIR": directory, "LANG": "C.UTF-8"])
    }

    @Test func lsShowsTheNewestFirstAndNothingHostile() throws {
        let all = try audit("ls", "--limit", "2")
        #expect(all.status == 0)
        let lines = all.stdout.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("ID ") && lines[1].hasPrefix("01JAAAAAAA0000000000000040"))
        #expect(!all.stdout.contains("\u{1b}") && all.stdout.contains("/srv/\\u{1b}[31m0"))
        #expect(try audit("ls", "--verdict", "oom_killed", "--json").stdout.contains("\"wall_ms\":700"))
        #expect(try audit("ls", "--scanner", "none").stdout == "no runs\n")
        #expect(
            try audit("ls", "--since", "2026-03-02T00:00:00Z", "--until", "2026-03-02T02:00:00Z").stdout.split(
                separator: "\n"
            ).count == 3)
    }

    @Test func lsOfAPipeHasTheWholeListAsJSONLines() throws {
        let lines = try audit("ls", "--json", "--limit", "100").stdout.split(separator: "\n")
        #expect(lines.count == 40 && lines.allSatisfy { $0.hasPrefix("{\"id\":\"01JA") && $0.hasSuffix("}") })
    }

    @Test func showPrintsTheLineItself() throws {
        let text = try #require(workspace.text("audit/audit-00000000000000000001.jsonl"))
        let line = text.split(separator: "\n")[6]
        let raw = try audit("show", "01JAAAAAAA0000000000000007", "--json")
        #expect(raw.status == 0 && raw.stdout == line + "\n")
        let shown = try audit("show", "task.0")
        #expect(shown.stdout.contains("\"kind\": \"findings\"") && shown.stderr.contains("the newest of 10 records"))
        #expect(try audit("show", "01JA").status == 64 && audit("show", "nothing").status == 64)
    }

    @Test func aRecordChangedAfterwardsIsNotShown() throws {
        #expect(try audit("index").status == 0)
        let text = try #require(workspace.text("audit/audit-00000000000000000001.jsonl"))
        let parts = text.split(separator: "\"oom_killed\"", maxSplits: 1, omittingEmptySubsequences: false)
        try workspace.write(parts.joined(separator: "\"clean_too_\""), to: "audit/audit-00000000000000000001.jsonl")
        let shown = try audit("show", "01JAAAAAAA0000000000000007")
        #expect(shown.status == 70 && shown.stdout.isEmpty && shown.stderr.contains("has changed since it was indexed"))
    }

    @Test func summaryHasPercentilesAndLimits() throws {
        let summary = try audit("summary")
        #expect(summary.status == 0 && summary.stdout.contains("tool: 40 runs: findings 39, oom_killed 1"))
        #expect(summary.stdout.contains("20.0 MiB") && summary.stdout.contains("64MiB"))
        #expect(!summary.stdout.contains("▁") && !summary.stdout.contains("█"), "no histograms in a pipe")
        let json = try audit("summary", "--json").stdout
        #expect(json.contains("\"memory_peak_bytes\":{\"runs\":40,\"p50\":210"))
        #expect(!json.contains("pids_peak"), "what no run reported is absent")
    }

    @Test func recommendComparesWithTheProfile() throws {
        let found = try audit("recommend", "--profiles", workspace.profiles)
        #expect(found.status == 0)
        #expect(
            found.stdout.contains("-  memory: 64MiB") && found.stdout.contains("+  memory: 96MiB"), "\(found.stdout)")
        #expect(found.stdout.contains("scanners:\n  tool:\n    limits: {memory: 96MiB"))
        #expect(found.stdout.contains("limits.pids: not enough runs: 0 succeeded, 30 are needed"))
        #expect(
            try audit("recommend", "--min-runs", "41", "--profiles", workspace.profiles).stdout.contains("+  ") == false
        )
        let json = try audit("recommend", "--json", "--profiles", workspace.profiles).stdout
        #expect(json.contains("\"would_have_ended_succeeded\":0"))
    }

    /// The name of a scanner is whatever a line of the audit says.
    @Test func recommendPrintsNothingOfAHostileName() throws {
        let text = try #require(workspace.text("audit/audit-00000000000000000001.jsonl"))
        let hostile = #""scanner":"x: {}\n  tool:\u001b[31m""#
        let parts = text.split(separator: #""scanner":"tool""#, omittingEmptySubsequences: false)
        try workspace.write(parts.joined(separator: hostile), to: "audit/audit-00000000000000000001.jsonl")
        let found = try audit("recommend", "--profiles", workspace.profiles)
        #expect(found.status == 0 && found.stdout.contains("x: {}\\n  tool:\\u{1b}[31m: 40 runs"), "\(found.stdout)")
        #expect(!found.stdout.contains("\u{1b}") && !found.stdout.contains("\n  tool:"))
        #expect(!found.stdout.contains("scanners:") && found.stdout.contains("left out"))
    }

    @Test func reportIsOneFile() throws {
        let path = "\(workspace.path)/report.html"
        let made = try audit("report", "-o", path)
        #expect(made.status == 0 && made.stdout.isEmpty)
        let page = try #require(workspace.text("report.html"))
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("40 runs") && !page.contains("http:"))
        try #require(symlink(path, "\(workspace.path)/link.html") == 0)
        #expect(try audit("report", "-o", "\(workspace.path)/link.html").status == 64)
    }

    @Test func indexSaysWhatItDid() throws {
        #expect(try audit("index").stdout.hasPrefix("built: 40 runs, 40 of them new"))
        #expect(try audit("index").stdout.hasPrefix("up to date: 40 runs, 0 of them new"))
        #expect(try audit("index", "--rebuild", "--json").stdout.contains("\"rebuilt\":true"))
        try workspace.write("not a database", to: "audit/index.sqlite")
        let mended = try audit("ls", "--limit", "1")
        #expect(mended.status == 0 && mended.stderr.contains("was built anew"))
    }

    @Test func aLineThatIsNoRecordIsSaidAndNotFatal() throws {
        let text = try #require(workspace.text("audit/audit-00000000000000000001.jsonl"))
        try workspace.write(text + "garbage\u{1b}[2J\n", to: "audit/audit-00000000000000000001.jsonl")
        let listed = try audit("ls")
        #expect(listed.status == 0 && listed.stderr.contains("1 line of the audit is no record, the first in audit-"))
        #expect(!listed.stderr.contains("\u{1b}"))
    }

    @Test(arguments: [
        ["ls", "--since", "yesterday"], ["ls", "--verdict", "bad"], ["ls", "--limit", "0"], ["ls", "--target", ""],
        ["ls", "--since", "2026-03-02", "--until", "2026-03-01"], ["recommend", "--percentile", "0"],
        ["recommend", "--headroom", "nan"], ["recommend", "--min-runs", "0"], ["report", "-o", "/nonexistent/x.html"],
        ["show"], ["report"],
    ])
    func wrongOptionsAreUsageErrors(_ arguments: [String]) throws {
        let finished = try Tool.run(["audit"] + arguments, environment: ["SCAN_EXECUTOR_AUDIT_DIR": directory])
        #expect(finished.status == 64 && finished.stdout.isEmpty && finished.stderr.hasPrefix("scan-executor: "))
    }

    @Test func aMissingAuditSaysSo() throws {
        let finished = try Tool.run("audit", "ls", "--audit-dir", "/nonexistent/audit")
        #expect(finished.status == 78 && finished.stderr.contains("there is no audit at /nonexistent/audit"))
    }
}
