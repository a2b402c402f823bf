import Testing

@testable import Executor

@Suite struct ReportSummaryTests {
    @Test func aRunIsSummedUpAgainstItsLimits() {
        let findings = Findings(
            kept: [
                Finding(path: "a.py", line: 3, severity: .low, rule: "B101", message: "assert"),
                Finding(path: "b.py", line: nil, severity: .high, rule: "B602", message: "shell"),
            ], count: 6, bySeverity: [.low: 4, .high: 2])
        #expect(
            ReportSummary(RunReportTests.full(), findings: findings).lines == [
                "bandit: findings in 2.34 s",
                "  findings  6 (2 high, 4 low)",
                "    high b.py B602: shell",
                "    low a.py:3 B101: assert",
                "    and 4 more",
                "  wall      [#.........] 2.34 s / 600.00 s",
                "  cpu time  [#.........] 1.75 s / 1200.00 s",
                "  memory    [####......] 212.0 MiB / 512.0 MiB",
                "  processes [#.........] 3 / 64",
                "  printed   [#.........] 6 B / 16.0 MiB",
                "  warning   cpu is not enforced: the cpu controller is not delegated",
                "  warning   pids is not enforced as a whole",
                "  artifact  report.json (12 B)",
            ])
    }

    @Test func aFailureSaysWhyAndWhatIsUnknownIsNotShown() {
        var report = RunReport(verdict: Verdict.classify(RunFacts(ending: .signaled(number: 9, coreDumped: false))))
        report.scanner = "semgrep"
        #expect(
            ReportSummary(report).lines == [
                "semgrep: signaled (transient)",
                "  because   wait status: SIGKILL ended the scanner",
                "  because   memory.events: not available: an OOM kill cannot be told from another SIGKILL",
            ])
    }

    @Test func aScannerThatFailedHasTheLastWord() {
        var report = RunReport(verdict: Verdict.classify(RunFacts(ending: .exited(code: 1))))
        report.scanner = "cppcheck"
        report.output.stdout = "cppcheck: error: could not find any files matching the file extensions\n\n"
        #expect(
            ReportSummary(report).lines == [
                "cppcheck: scanner_error (transient)",
                "  because   wait status: the scanner exited with 1: a code that the profile's table does not list",
                "  said      cppcheck: error: could not find any files matching the file extensions",
            ])
        // stderr before stdout, the end of it, sanitized and bounded.
        report.output.stderr =
            (1...9).map { "line \($0)\r\n" }.joined() + "\u{1b}[2J" + String(repeating: "x", count: 1 << 20)
            + "\nend\n \n"
        let said = ReportSummary(report).lines.filter { $0.hasPrefix("  said") }
        #expect(said.count == 2 && said.last == "  said      end")
        report.output.stderr = (1...9).map { "\u{1b}[2J\($0)\r\n" }.joined()
        let lines = ReportSummary(report).lines.filter { $0.hasPrefix("  said") }
        #expect(lines == (5...9).map { "  said      \\u{1b}[2J\($0)" })
        // One that did its work, or that we ended, says nothing here.
        report.verdict = Verdict.classify(RunFacts(ending: .exited(code: 0)))
        #expect(!ReportSummary(report).lines.contains { $0.hasPrefix("  said") })
    }

    @Test func hostileNamesCannotReachTheTerminal() {
        var report = RunReportTests.full()
        report.artifacts = [RunReport.Artifact(path: "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}gpj.exe\n", bytes: 1)]
        let findings = Findings(
            kept: [Finding(path: "\u{1b}[2J", line: 1, severity: .high, rule: "\r", message: "\u{8}")], count: 1,
            bySeverity: [.high: 1])
        for line in ReportSummary(report, findings: findings).lines {
            #expect(!line.unicodeScalars.contains { TerminalText.isHostile($0) })
        }
    }

    @Test(
        arguments: [(0, ".........."), (1, "#........."), (99, "#########."), (100, "##########"), (250, "##########")]
            as [(Int64, String)])
    func barsAreFullOnlyAtTheLimit(used: Int64, bar: String) {
        #expect(ReportSummary.bar(used, of: 100) == bar)
    }

    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1 << 30, "1.0 GiB"), (Int64.max, "8388608.0 TiB"),
        ] as [(Int64, String)])
    func sizesAreShownInTheLargestUnit(bytes: Int64, text: String) {
        #expect(ReportSummary.size(bytes) == text)
    }

    @Test func textIsSanitizedAndBounded() {
        #expect(TerminalText.line("plain") == "plain")
        #expect(TerminalText.line("é 漢字 🙂") == "é 漢字 🙂")
        #expect(TerminalText.line("a\nb\tc\rd\u{1b}\u{85}\u{200b}") == "a\\nb\\tc\\rd\\u{1b}\\u{85}\\u{200b}")
        #expect(TerminalText.line("abcdef", limit: 3) == "abc...")
        #expect(TerminalText.block("a\n\tb\u{1b}\n") == "a\n\tb\\u{1b}\n")
        #expect(TerminalText.block("abc\ndef\nghi", limit: 5) == "abc\nd......")
    }
}
