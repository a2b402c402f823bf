import ArgumentParser
import Executor
import Glibc
import LocalStore

/// `audit summary`.
struct AuditSummaryCommand: ParsableCommand, AuditVerb {
    static let configuration = CommandConfiguration(
        commandName: "summary",
        abstract: "Sum up the runs of each scanner: verdicts, what they used, how near the limits.",
        discussion: """
            Times are widened to whole days (UTC). p50, p95 and p99 are within 0.4 % of the exact value, counts and max are exact. \
            "of limit" compares each run with the limit in force at that run.
            """)

    @Option(help: ArgumentHelp("Only this scanner; - for runs of exec.", valueName: "name"))
    var scanner: String?

    @OptionGroup var time: TimeOptions

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var audit: AuditOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        var filter = SummaryFilter(scanner: scanner)
        let range = try time.range()
        filter.set(since: range.since, until: range.until)
        let summary = try audit.openIndex().summary(filter)
        let output = StandardStreams.output
        if json {
            output.write(SummaryJSON.text(summary, pretty: output.isTerminal) + "\n")
        } else {
            output.write(SummaryText(summary, marks: HistogramMarks(terminal: output.isTerminal)).text)
        }
        return .success
    }
}
