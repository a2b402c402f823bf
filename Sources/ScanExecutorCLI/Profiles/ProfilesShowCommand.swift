import ArgumentParser
import Executor

/// `profiles show`.
struct ProfilesShowCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a profile as a scan would use it: every limit, and where it comes from.",
        discussion: """
            Limits come from the profile, from `scanners` of the configuration, and from the options given here. With each stand \
            the least that the scanner needs and the most that one scan may ask for, where they are stated.
            """)

    @Argument(help: "The profile's name.")
    var name: String

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup var profiles: ProfileOptions
    @OptionGroup var host: HostOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let overrides = try LimitOverrides(options: limits.given)
        let settings = try OperatorSettings(host.choices, profiles: profiles.profiles)
        let ladder = try settings.ladder(name)
        let shown = ShownProfile(
            ladder, try ladder.limits(for: overrides, from: .option), settings.configuration,
            scannerPath: settings.hostSettings.path(of: ladder.profile))
        let output = StandardStreams.output
        output.write(json ? shown.json(pretty: output.isTerminal) + "\n" : shown.lines.map { $0 + "\n" }.joined())
        return .success
    }
}
