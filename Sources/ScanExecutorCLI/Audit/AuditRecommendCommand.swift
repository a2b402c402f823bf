import ArgumentParser
import Executor
import LocalStore

/// `audit recommend`.
struct AuditRecommendCommand: ParsableCommand, AuditVerb {
    static let configuration = CommandConfiguration(
        commandName: "recommend", abstract: "Propose limits for each scanner from what its runs used.",
        discussion: """
            A limit is the percentile of what complete, successful runs used, times the headroom, and never below the most that any of them used; \
            it is rounded up. Where more runs ran into a limit than the percentile leaves out, what they needed is not known: that limit is \
            raised by half, never lowered. Times are widened to whole days (UTC).
            """)

    @Option(help: ArgumentHelp("Only this scanner.", valueName: "name"))
    var scanner: String?

    @OptionGroup var time: TimeOptions

    @Option(help: ArgumentHelp("Of what complete, successful runs used: 50 to 100.", valueName: "percent"))
    var percentile = 99.0

    @Option(help: ArgumentHelp("What the percentile is multiplied with: 1 to 10.", valueName: "factor"))
    var headroom = 1.25

    @Option(help: ArgumentHelp("Successful runs without which nothing is proposed.", valueName: "number"))
    var minRuns = 30

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var audit: AuditOptions
    @OptionGroup var profiles: ProfileOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        var rule = LimitRule()
        guard (50...100).contains(percentile) else { throw InputError("--percentile takes 50 to 100") }
        guard (1...10).contains(headroom) else { throw InputError("--headroom takes 1 to 10") }
        guard (1...1_000_000_000).contains(minRuns) else { throw InputError("--min-runs takes 1 to 1000000000") }
        (rule.percentile, rule.headroom, rule.minimumRuns) = (percentile / 100, headroom, Int64(minRuns))
        var filter = SummaryFilter(scanner: scanner)
        let range = try time.range()
        filter.set(since: range.since, until: range.until)
        let settings = try OperatorSettings(HostChoices(config: audit.config), profiles: profiles.profiles)
        let found = try audit.openIndex().recommendations(filter, rule: rule) { CurrentLimits(of: $0, settings) }
        let output = StandardStreams.output
        if json {
            output.write(RecommendJSON.text(found, rule, pretty: output.isTerminal) + "\n")
        } else {
            output.write(RecommendText(found: found, rule: rule).text)
        }
        return .success
    }
}

extension CurrentLimits {
    /// What a scan would use now: the one place that knows where limits are set.
    init(of scanner: String, _ settings: OperatorSettings) {
        do {
            self.init(try settings.ladder(scanner))
        } catch {
            self.init()
            problem = "\(error)".split(separator: "\n").first.map(String.init) ?? "no profile"
        }
    }
}
