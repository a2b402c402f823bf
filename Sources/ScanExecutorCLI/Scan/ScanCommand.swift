import ArgumentParser
import Executor
import Glibc
import SystemPackage
import SystemSupport

/// `scan-executor scan`: one scanner over one tree, now.
struct ScanCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Run one scanner over one source tree, now.",
        discussion: """
            The tree is shown to the scanner read-only. A summary goes to stdout, or with --json the report; on a terminal a \
            live line on stderr shows the run. With --output, artifacts and scan-executor-report.json are moved there when all \
            is written. Limits replace the profile's and the configuration's for this run, \
            up to the scanner's maximum; `profiles show` prints both.

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

    @Flag(help: "Start nothing without a valid proof of this host: see doctor --prove.")
    var requireProof = false

    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup(title: "Host") var host: HostOptions
    @OptionGroup var profiles: ProfileOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let overrides = try LimitOverrides(options: limits.given)
        var settings = try OperatorSettings(host.choices, profiles: profiles.profiles)
        if requireProof { settings.requireProof = true }
        let ladder = try settings.ladder(scanner)
        let profile = ladder.profile(with: try ladder.limits(for: overrides, from: .option))
        var request = RunRequest(taskID: RunHost.taskID(), scanning: target, with: profile)
        request.output = output

        let sandboxes = try await RunHost.prepare(settings.hostSettings, isQuiet: quiet)
        if sandboxes.settings.audit != nil, !interrupts.cancellation.isRequested {
            request.scannerVersion = await sandboxes.scannerVersion(
                for: profile, cancellation: interrupts.cancellation)
        }
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
        let lost = show(outcome)
        var status = ScanStatus.of(outcome.report.verdict, interruptedBy: interrupts.first)
        if let problem = outcome.auditProblem {
            StandardStreams.complain(problem)
            if status == .success || status == .findings { status = problem.isTransient ? .tryAgain : .software }
        }
        guard let lost else { return status }
        StandardStreams.complain(lost)
        return status == .success || status == .findings ? .software : status
    }

    /// - Returns: why not all could be printed; nil also where nobody wanted it any more.
    private func show(_ outcome: RunOutcome) -> SystemError? {
        var report = outcome.report
        if !quiet { StandardStreams.complain(EnforcementLines.of(report.enforcement)) }
        if let problem = outcome.findingsProblem { StandardStreams.complain(problem) }
        if json {
            return printed(report.json(pretty: StandardStreams.output.isTerminal) + "\n")
        }
        // Said above.
        if !quiet { for subject in EnforcementLines.subjects { report.enforcement.means[subject] = nil } }
        let summary = ReportSummary(report, findings: outcome.findings)
        return printed(summary.lines.map { $0 + "\n" }.joined())
    }

    private func printed(_ text: String) -> SystemError? {
        var text = text
        let error = text.withUTF8 { StandardStreams.output.write(UnsafeRawBufferPointer($0)) }
        return error == 0 || error == EPIPE ? nil : SystemError("write", "stdout", Errno(rawValue: error))
    }
}
