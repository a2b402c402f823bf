import SystemSupport

/// A run's report for people: what came out, why, and what it used against its limits. Plain lines without colours; everything
/// that came from the scanner or the scanned tree is sanitized.
public struct ReportSummary: Sendable {
    public var report: RunReport
    /// The findings to show; nil where the report could not be read or there is none.
    public var findings: Findings?
    /// How many findings are shown.
    public var shownFindings: Int

    public init(_ report: RunReport, findings: Findings? = nil, showing shownFindings: Int = 10) {
        self.report = report
        self.findings = findings
        self.shownFindings = shownFindings
    }

    /// The summary, line by line.
    public var lines: [String] {
        var lines = [headline]
        if !report.verdict.kind.isSuccess || report.verdict.partial {
            // What the whole host waited decides nothing, and is in the report.
            lines += report.verdict.evidence.filter { !$0.source.hasPrefix("/proc/pressure/") }.map {
                "  because   \(TerminalText.line($0.source)): \(TerminalText.line($0.text))"
            }
        }
        lines += lastWords
        lines += findingLines
        lines += usageLines
        lines += report.enforcement.warnings.map { "  warning   \(TerminalText.line($0))" }
        lines += report.artifacts.map {
            "  artifact  \(TerminalText.line($0.path)) (\(ReportSummary.size($0.bytes)))"
        }
        return lines
    }

    /// `bandit: findings in 2.31 s`, `bandit: timed_out (transient) after 600.00 s`.
    private var headline: String {
        let verdict = report.verdict
        var text = TerminalText.line(report.scanner ?? "command") + ": " + verdict.kind.rawValue
        if verdict.partial { text += ", partial" }
        if verdict.failureClass != .none { text += " (\(verdict.failureClass.rawValue))" }
        if let wall = report.usage.wallMilliseconds {
            text += (verdict.kind.isSuccess ? " in " : " after ") + ReportSummary.seconds(milliseconds: wall)
        }
        return text
    }

    /// What a scanner that says itself that it failed printed last: its reason, more often than not. stderr, or stdout
    /// where that is empty; at most five lines of what was kept.
    private var lastWords: [String] {
        guard report.verdict.kind == .scannerError else { return [] }
        for text in [report.output.stderr, report.output.stdout] {
            // Only the end can be shown, so no more of it is looked at.
            let end = (text ?? "").utf8.suffix(8 << 10)
            let lines = String(decoding: Array(end), as: UTF8.self).split { $0.isNewline }
                .filter { !$0.allSatisfy(\.isWhitespace) }
            if !lines.isEmpty {
                return lines.suffix(5).map { "  said      \(TerminalText.line(String($0), limit: 200))" }
            }
        }
        return []
    }

    private var findingLines: [String] {
        guard let count = report.findingsCount ?? findings?.count else { return [] }
        guard let findings, count > 0 else { return ["  findings  \(count)"] }
        let severities = Finding.Severity.allCases.reversed().compactMap { severity in
            findings.bySeverity[severity].map { "\($0) \(severity.rawValue)" }
        }
        var lines = ["  findings  \(count) (\(severities.joined(separator: ", ")))"]
        let shown = findings.kept.sorted { $0.severity > $1.severity }.prefix(shownFindings)
        for finding in shown {
            let place = TerminalText.line(finding.path, limit: 120) + (finding.line.map { ":\($0)" } ?? "")
            let message = TerminalText.line(finding.message, limit: 120)
            lines.append(
                "    \(finding.severity.rawValue) \(place) \(TerminalText.line(finding.rule, limit: 80)): \(message)")
        }
        if count > shown.count && !shown.isEmpty { lines.append("    and \(count - shown.count) more") }
        return lines
    }

    private var usageLines: [String] {
        let (usage, limits, deadlines) = (report.usage, report.limits.limits, report.limits.deadlines)
        var lines: [String] = []
        if let wall = usage.wallMilliseconds {
            lines.append(
                row("wall", wall, deadlines?.wall.wholeMilliseconds) { ReportSummary.seconds(milliseconds: $0) })
        }
        if usage.cpuUserMicroseconds != nil || usage.cpuSystemMicroseconds != nil {
            let used = (usage.cpuUserMicroseconds ?? 0) + (usage.cpuSystemMicroseconds ?? 0)
            lines.append(
                row("cpu time", used / 1000, deadlines?.cpu?.wholeMilliseconds) {
                    ReportSummary.seconds(milliseconds: $0)
                })
        }
        if let peak = usage.memoryPeakBytes {
            lines.append(row("memory", peak, limits?.memory.bytes) { ReportSummary.size($0) })
        }
        if let peak = usage.pidsPeak { lines.append(row("processes", peak, limits.map { Int64($0.pids) }) { "\($0)" }) }
        if let stdout = report.output.stdoutBytes, let stderr = report.output.stderrBytes {
            lines.append(row("printed", stdout + stderr, limits?.printed.bytes) { ReportSummary.size($0) })
        }
        return lines
    }

    /// `  memory    [####......] 212.0 MiB / 512.0 MiB`; without a limit, the value alone.
    private func row(_ name: String, _ used: Int64, _ limit: Int64?, _ text: (Int64) -> String) -> String {
        let label = "  " + name + String(repeating: " ", count: 10 - name.count)
        guard let limit, limit > 0 else { return label + text(used) }
        return "\(label)[\(ReportSummary.bar(used, of: limit))] \(text(used)) / \(text(limit))"
    }

    /// Ten characters. Anything used shows at least one mark; only what reached its limit fills the bar.
    static func bar(_ used: Int64, of limit: Int64) -> String {
        let share = Double(used) / Double(limit)
        let marks = used <= 0 ? 0 : used >= limit ? 10 : min(9, max(1, Int(share * 10)))
        return String(repeating: "#", count: marks) + String(repeating: ".", count: 10 - marks)
    }

    /// `0.42 s`.
    static func seconds(milliseconds: Int64) -> String { fixed(milliseconds / 10, 2) + " s" }

    /// `212.0 MiB`, in the largest unit that leaves at least one.
    static func size(_ bytes: Int64) -> String {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, Int64)]
        where bytes >> shift > 0 {
            return fixed(Int64(Double(bytes) / Double(Int64(1) << shift) * 10), 1) + " " + unit
        }
        return "\(bytes) B"
    }

    /// A whole number of tenths or hundredths, with its point: no formatter, no locale.
    private static func fixed(_ scaled: Int64, _ decimals: Int) -> String {
        let power: Int64 = decimals == 2 ? 100 : 10
        let fraction = String(scaled % power)
        return "\(scaled / power)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
