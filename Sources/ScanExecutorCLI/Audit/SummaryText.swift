import Executor
import LocalStore

/// `audit summary` for people.
struct SummaryText {
    let summary: AuditSummary
    /// Nil: no histograms.
    let marks: HistogramMarks?

    init(_ summary: AuditSummary, marks: HistogramMarks?) {
        self.summary = summary
        self.marks = marks
    }

    var text: String {
        if summary.scanners.isEmpty { return "no runs\n" }
        let days = summary.days.map { ", \(TimeText.day($0.lowerBound)) to \(TimeText.day($0.upperBound))" } ?? ""
        let head = "\(Self.runs(summary.runs))\(days)\n"
        return head + summary.scanners.map { "\n" + scanner($0) }.joined()
    }

    private func scanner(_ scanner: ScannerSummary) -> String {
        let verdicts = scanner.verdicts.map { count in
            let partial = count.partial > 0 ? " (\(UnitText.count(count.partial)) partial)" : ""
            return "\(count.verdict) \(UnitText.count(count.runs))\(partial)"
        }
        let name = TerminalText.line(scanner.name ?? "\(RunFilter.noScanner) (exec)")
        var text = "\(name): \(Self.runs(scanner.runs)): \(TerminalText.line(verdicts.joined(separator: ", ")))\n"
        var table = TextTable(right: Set(1...9), indent: "  ")
        table.add(
            ["", "p50", "p95", "p99", "max", "limit", "p99 of limit", "max of limit", ">= 80 %", ">= 95 %"]
                + (marks == nil ? [] : ["least to most"]))
        for metric in AuditMetric.allCases {
            if let usage = scanner.usage[metric] { table.add(row(metric, usage)) }
        }
        text += table.text
        return text
    }

    private func row(_ metric: AuditMetric, _ usage: UsageStatistics) -> [String] {
        let values = [
            usage.values.quantile(0.5), usage.values.quantile(0.95), usage.values.quantile(0.99), usage.values.most,
        ]
        var cells = [metric.title] + values.map { $0.map { UnitText.of(metric, $0) } ?? "-" }
        if metric.hasLimit {
            cells.append(usage.limit.map { Recommendation.text(metric, $0) } ?? "-")
            cells += [usage.shares.quantile(0.99), usage.shares.most].map { $0.map { UnitText.share($0) } ?? "-" }
            let known = usage.shares.count > 0
            cells += [usage.over80, usage.over95].map { known ? UnitText.count($0) : "-" }
        } else {
            cells += ["", "", "", "", ""]
        }
        if let marks { cells.append(marks.text(usage.values)) }
        return cells
    }

    private static func runs(_ count: Int64) -> String { "\(UnitText.count(count)) \(count == 1 ? "run" : "runs")" }
}
