import Executor
import Glibc
import SystemSupport
import Testing

@testable import LocalStore

@Suite struct PageTests {
    private let audit: AuditDirectory
    private let hostile = "</script><script>alert(1)</script>\"'&<img src=x onerror=y>\u{1b}[2J\u{202e}"

    init() throws { audit = try AuditDirectory() }

    @Test func nothingHostileComesThroughUnescaped() throws {
        var report = RunReport.made(hostile, .clean, memory: 5 << 20, pids: 3, limit: 64)
        report.host = hostile
        try audit.append(report, target: hostile)
        try audit.line(
            "{\"schema\":\"scan-executor/report/1\",\"scanner\":\"<b>\",\"verdict\":{\"kind\":\"<i>\"},\"audit\":{\"id\":\"<u>\"}}"
        )
        let html = AuditPage(try AuditIndex(directory: audit.path).history(), madeAt: 0).html
        #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>\"") && !html.contains("<i>"))
        #expect(!html.contains("\u{1b}") && !html.contains("\u{202e}"))
        #expect(html.contains("&lt;script&gt;alert(1)") && html.contains("&lt;i&gt;") && html.contains("\\u{202e}"))
    }

    @Test func thePageIsSelfContained() throws {
        for number in 0..<50 as Range<Int64> {
            try audit.append(
                .made(
                    "bandit", number == 7 ? .oomKilled : .findings, at: number * 86_400_000, cpu: 9,
                    memory: number << 20, pids: 3, limit: 64))
        }
        let html = AuditPage(try AuditIndex(directory: audit.path).history(), madeAt: 0).html
        #expect(html.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""))
        for forbidden in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "<iframe", "javascript:"] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        // Four plots of usage and two of verdicts, each with a title and a description.
        #expect(html.split(separator: "<svg ").count == 7 && html.split(separator: "<desc ").count == 7)
        #expect(html.contains("SHA-256") && html.contains(audit.head))
    }

    @Test func aPlotIsBrokenWhereThereIsNothing() {
        let point = ScannerHistory.Point(runs: 1, p50: 10, p99: 20, most: 30, limit: 64)
        var html = HTML()
        UsagePlot(
            metric: .pids, points: [point, nil, point, point], spans: [0...0, 1...1, 2...2, 3...3], identifier: "x",
            scanner: "s"
        ).write(to: &html)
        let lines = html.content.split(separator: "<path class=\"line p50\" d=\"").dropFirst().first ?? ""
        #expect(
            lines.prefix { $0 != "\"" }.count { $0 == "M" } == 2 && lines.prefix { $0 != "\"" }.count { $0 == "L" } == 1
        )
    }

    @Test(arguments: [[0], [1], [.max], [0, .max], [1, 2], [600_000]] as [[Int64]])
    func scalesTakeEveryValue(_ values: [Int64]) {
        for metric in AuditMetric.allCases {
            let scale = PlotScale(metric, values)
            #expect(scale.ticks.count >= 2 && scale.ticks.count <= 7)
            for value in values { #expect((0...1).contains(scale.place(value))) }
        }
    }

    @Test func theFileIsReplacedWholeAndForItsOwner() throws {
        let path = "\(audit.path)/report.html"
        try PageFile.write("one", to: path)
        try PageFile.write("two", to: path)
        #expect(try BeneathDirectory(path: audit.path).readText("report.html") == "two")
        var status = stat()
        try #require(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(try BeneathDirectory(path: audit.path).entryNames() == ["report.html"], "nothing beside it is left")
    }

    @Test func whatIsNoRegularFileIsNotReplaced() throws {
        try PageFile.write("kept", to: "\(audit.path)/kept")
        try #require(symlink("kept", "\(audit.path)/link") == 0)
        try #require(mkfifo("\(audit.path)/fifo", 0o600) == 0)
        for path in [
            "\(audit.path)/link", "\(audit.path)/fifo", audit.path, "/dev/null", "\(audit.path)/", "/nonexistent/x", "",
        ] {
            #expect(throws: LocalStoreError.self, "\(path)") { try PageFile.write("new", to: path) }
        }
        #expect(try BeneathDirectory(path: audit.path).readText("kept") == "kept")
    }
}
