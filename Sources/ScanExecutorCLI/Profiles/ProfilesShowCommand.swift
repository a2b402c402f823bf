import ArgumentParser
import Executor

/// `profiles show`.
struct ProfilesShowCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a profile as a scan would use it: every limit, and where it comes from.")

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
        let profile = try ScannerProfileStore(directories: settings.profileDirectories).load(name)
        let shown = ShownProfile(
            try profile.overriding(overrides), overridden: Set(limits.given.keys),
            scannerPath: settings.hostSettings.path(of: profile))
        let output = StandardStreams.output
        output.write(json ? shown.json(pretty: output.isTerminal) + "\n" : shown.lines.map { $0 + "\n" }.joined())
        return .success
    }
}
