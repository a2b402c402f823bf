import ArgumentParser
import Executor
import Glibc

/// `scan-executor scan`: one scanner over one tree, now.
struct ScanCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Run one scanner over one source tree, now.",
        discussion: """
            The tree is shown to the scanner read-only. A summary goes to stdout, or with --json the report; on a terminal a \
            live line on stderr shows the run. With --output, artifacts and scan-executor-report.json are moved there when all \
            is written. Limits replace those of the scanner's profile for this run.

            EXIT STATUS
              0 clean, 1 findings, 2 the scanner failed, 64 wrong usage, 69 the host or the scanner's installation lacks \
            something, 70 internal error, 75 a deadline or limit ended it or the host is short of something: may succeed when \
            tried again, 78 wrong profile or setting, 128+n ended by signal n.
            """)

    static let takesInterrupts = true

    @Argument(help: "The scanner: a profile's name, see `scan-executor profiles ls`.")
    var scanner: String

    @Argument(help: "The directory to scan.")
    var target: String

    @Option(help: ArgumentHelp("Directory for artifacts and the report; new or empty.", valueName: "dir"))
    var output: String?

    @Flag(help: "Print the report as JSON on stdout, and nothing else there.")
    var json = false

    @Flag(help: "No live line, and no lines about the host.")
    var quiet = false

    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup(title: "Host") var host: HostOptions
    @OptionGroup var profiles: ProfileOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let overrides = try LimitOverrides(options: limits.given)
        let settings = try OperatorSettings(host.choices, profiles: profiles.profiles)
        let profile = try ScannerProfileStore(directories: settings.profileDirectories).load(scanner)
            .overriding(overrides)
        var request = RunRequest(taskID: RunHost.taskID(), scanning: target, with: profile)
        request.output = output

        let sandboxes = try await RunHost.prepare(settings.hostSettings, isQuiet: quiet)
        let line = quiet ? nil : LiveLine(profile)
        let outcome: RunOutcome
        do {
            outcome = try await sandboxes.run(request, cancellation: interrupts.cancellation) { line?.start($0) }
        } catch {
            interrupts.runIsOver()
            line?.stop()
            throw error
        }
        // Before the line is erased, which takes a terminal that reads.
        interrupts.runIsOver()
        line?.stop()
        show(outcome)
        return ScanStatus.of(outcome.report.verdict, interruptedBy: interrupts.first)
    }

    private func show(_ outcome: RunOutcome) {
        var report = outcome.report
        if !quiet { StandardStreams.complain(EnforcementLines.of(report.enforcement)) }
        if let problem = outcome.findingsProblem { StandardStreams.complain(problem) }
        if json {
            StandardStreams.output.write(report.json(pretty: StandardStreams.output.isTerminal) + "\n")
            return
        }
        // Said above.
        if !quiet { for subject in EnforcementLines.subjects { report.enforcement.means[subject] = nil } }
        let summary = ReportSummary(report, findings: outcome.findings)
        StandardStreams.output.write(summary.lines.map { $0 + "\n" }.joined())
    }
}
