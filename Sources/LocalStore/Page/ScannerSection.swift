/// One scanner's part of the page.
struct ScannerSection {
    let summary: ScannerSummary
    let history: ScannerHistory
    let spans: [ClosedRange<Int64>]
    /// Unique on the page; made of letters and digits.
    let identifier: String

    private static let plotted: [AuditMetric] = [.memory, .cpu, .wall, .pids]

    private var name: String { summary.name ?? "exec" }

    func write(to html: inout HTML) {
        html.markup("<section id=\"\(identifier)\"><h2>")
        html.text(summary.name ?? "exec (commands without a scanner)")
        html.raw("</h2>")
        writeVerdicts(&html)
        writeUsage(&html)
        html.raw("<div class=\"plots\">")
        for metric in Self.plotted {
            guard let points = history.points[metric] else { continue }
            UsagePlot(
                metric: metric, points: points, spans: spans, identifier: "\(identifier)m\(metric.rawValue)",
                scanner: name
            ).write(to: &html)
        }
        let failures = summary.verdicts.map(\.verdict).filter { $0 != "clean" && $0 != "findings" }
        let successes = ["clean", "findings"].filter { kind in summary.verdicts.contains { $0.verdict == kind } }
        VerdictPlot(
            title: "verdicts", verdicts: successes + failures, counts: history.verdicts, spans: spans,
            identifier: "\(identifier)v", scanner: name
        ).write(to: &html)
        // A hundredth of the runs cannot be seen among the rest.
        VerdictPlot(
            title: "without the successful", verdicts: failures, counts: history.verdicts, spans: spans,
            identifier: "\(identifier)f", scanner: name
        ).write(to: &html)
        html.raw("</div>")
        writeTable(&html)
        html.raw("</section>\n")
    }

    private func writeVerdicts(_ html: inout HTML) {
        html.raw(
            "<h3>Verdicts</h3><div class=\"scroll\"><table><thead><tr><th scope=\"col\">verdict</th><th scope=\"col\">runs</th>"
        )
        html.raw("<th scope=\"col\">share</th><th scope=\"col\">partial</th></tr></thead><tbody>")
        for count in summary.verdicts {
            html.raw("<tr>")
            html.element("th", count.verdict, " scope=\"row\"")
            html.element("td", UnitText.count(count.runs))
            html.element("td", UnitText.fixed(Double(count.runs) * 100 / Double(max(1, summary.runs)), 2) + " %")
            html.element("td", count.partial == 0 ? "-" : UnitText.count(count.partial))
            html.raw("</tr>")
        }
        html.raw("</tbody></table></div>")
    }

    private func writeUsage(_ html: inout HTML) {
        html.raw("<h3>Usage, and how near it came to the limits</h3><div class=\"scroll\"><table><thead><tr>")
        for title in [
            "", "runs", "p50", "p95", "p99", "max", "limit", "p99 of limit", "max of limit", "at 80 % or more",
            "at 95 % or more",
        ] {
            html.element("th", title, " scope=\"col\"")
        }
        html.raw("</tr></thead><tbody>")
        for metric in AuditMetric.allCases {
            guard let usage = summary.usage[metric] else { continue }
            html.raw("<tr>")
            html.element("th", metric.title, " scope=\"row\"")
            html.element("td", UnitText.count(usage.values.count))
            for value in [
                usage.values.quantile(0.5), usage.values.quantile(0.95), usage.values.quantile(0.99), usage.values.most,
            ] {
                html.element("td", value.map { UnitText.of(metric, $0) } ?? "-")
            }
            html.element("td", usage.limit.map { Recommendation.text(metric, $0) } ?? "-")
            for share in [usage.shares.quantile(0.99), usage.shares.most] {
                html.element("td", share.map { UnitText.share($0) } ?? "-")
            }
            for runs in [usage.over80, usage.over95] {
                html.element("td", usage.shares.count > 0 ? UnitText.count(runs) : "-")
            }
            html.raw("</tr>")
        }
        html.raw("</tbody></table></div>")
    }

    /// What the plots show, as text.
    private func writeTable(_ html: inout HTML) {
        let metrics = Self.plotted.filter { history.points[$0] != nil }
        if spans.isEmpty { return }
        html.raw(
            "<details><summary>The plots' values</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\">from</th>"
        )
        html.raw("<th scope=\"col\">to</th><th scope=\"col\">runs</th><th scope=\"col\">not successful</th>")
        for metric in metrics {
            for column in ["p50", "p99", "max", "limit"] {
                html.element("th", "\(metric.title) \(column)", " scope=\"col\"")
            }
        }
        html.raw("</tr></thead><tbody>")
        for (index, span) in spans.enumerated() {
            let verdicts = index < history.verdicts.count ? history.verdicts[index] : [:]
            let runs = verdicts.values.reduce(0, +)
            html.raw("<tr>")
            html.element("th", TimeText.day(span.lowerBound), " scope=\"row\"")
            html.element("td", TimeText.day(span.upperBound))
            html.element("td", UnitText.count(runs))
            html.element("td", UnitText.count(runs - (verdicts["clean"] ?? 0) - (verdicts["findings"] ?? 0)))
            for metric in metrics {
                let point = history.points[metric]?[index]
                for value in [point?.p50, point?.p99, point?.most, point?.limit] {
                    html.element("td", value.map { UnitText.of(metric, $0) } ?? "-")
                }
            }
            html.raw("</tr>")
        }
        html.raw("</tbody></table></div></details>")
    }
}
