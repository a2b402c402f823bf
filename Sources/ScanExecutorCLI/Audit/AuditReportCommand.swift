import ArgumentParser
import Executor
import LocalStore

/// `audit report`.
struct AuditReportCommand: ParsableCommand, AuditVerb {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write the summary as one HTML page with plots, readable without a network.")

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write; a regular file there is replaced.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Only this scanner; - for runs of exec.", valueName: "name"))
    var scanner: String?

    @OptionGroup var time: TimeOptions
    @OptionGroup var audit: AuditOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        var filter = SummaryFilter(scanner: scanner)
        let range = try time.range()
        filter.set(since: range.since, until: range.until)
        let page = AuditPage(try audit.openIndex().history(filter))
        try PageFile.write(page.html, to: output)
        return .success
    }
}
