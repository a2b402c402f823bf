import Executor
import Glibc
import SystemSupport

/// The report: one page of HTML with its style and its plots in it. It needs no network and runs no script, and its policy forbids
/// both, so that nothing that came from a scanned tree could bring them in.
public struct AuditPage: Sendable {
    private let history: AuditHistory
    /// When it was made, in milliseconds since 1970.
    private let madeAt: Int64

    public init(_ history: AuditHistory) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        self.init(history, madeAt: Int64(now.tv_sec) * 1000)
    }

    init(_ history: AuditHistory, madeAt: Int64) {
        self.history = history
        self.madeAt = madeAt
    }

    public var html: String {
        var html = HTML()
        html.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        html.raw(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
        html.raw(
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\">"
        )
        html.raw("<title>Scanner runs: usage against limits</title><style>")
        html.raw(PageStyle.css)
        html.raw("</style></head><body>\n")
        writeHeader(&html)
        html.raw("<main>")
        for (index, scanner) in history.summary.scanners.enumerated() {
            ScannerSection(
                summary: scanner, history: history.scanners[index], spans: history.spans, identifier: "s\(index)"
            ).write(to: &html)
        }
        html.raw(
            "</main>\n<footer>Days are UTC. p50, p95 and p99 are within 0.4 % of the exact value; counts and max are exact. "
        )
        html.raw("Shares of a limit are of the limit in force at each run. Made ")
        html.text(TimeText.seconds(madeAt))
        html.raw(" UTC.</footer></body></html>\n")
        return html.content
    }

    private func writeHeader(_ html: inout HTML) {
        let summary = history.summary
        html.raw("<header><h1>Scanner runs: usage against limits</h1><p>")
        html.text("\(UnitText.count(summary.runs)) \(summary.runs == 1 ? "run" : "runs")")
        if let days = summary.days {
            html.text(", \(TimeText.day(days.lowerBound)) to \(TimeText.day(days.upperBound))")
        }
        html.raw("</p><p class=\"dim\">")
        let more = history.hostCount > history.hosts.count ? " and \(history.hostCount - history.hosts.count) more" : ""
        html.text(
            "Hosts: \(history.hosts.isEmpty ? "not known" : history.hosts.joined(separator: ", ") + more). Audit: \(history.directory)"
        )
        html.raw("</p>")
        if !history.position.headHash.isEmpty {
            html.raw("<p class=\"dim\">Head of the chain: ")
            html.text(history.position.sequence.map { "record \(UnitText.count($0)), SHA-256 " } ?? "SHA-256 ")
            html.element("code", SHA256.hex(history.position.headHash))
            html.raw("</p>")
        }
        for fault in history.position.faults {
            html.raw("<p class=\"warn\">")
            html.text("\(fault): run scan-executor audit verify.")
            html.raw("</p>")
        }
        html.raw("<nav aria-label=\"Scanners\"><ul>")
        for (index, scanner) in summary.scanners.enumerated() {
            html.markup("<li><a href=\"#s\(index)\">")
            html.text(scanner.name ?? "exec")
            html.markup("</a></li>")
        }
        html.raw("</ul></nav></header>\n")
    }
}
