import ArgumentParser
import Executor

/// `scan-executor doctor`: what this host has of what sandboxes need.
struct DoctorCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that sandboxes need of this host.",
        discussion: """
            Each requirement is ok, degraded (runs work with less) or missing (nothing runs), with what it is for and how to get \
            it. Makes a cgroup and a sandbox to try them, and removes both. Limits that the host cannot enforce count as missing, or \
            with --enforcement best-effort as degraded.

            EXIT STATUS
              0 nothing is missing, 69 something is.
            """)

    @Option(
        help: ArgumentHelp(
            "Where the trees to be scanned are: whether their owners can be mapped is a matter of the file system. "
                + "Default: the working directory.",
            valueName: "dir"))
    var target = "."

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Host") var host: HostOptions
    @OptionGroup var profiles: ProfileOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let settings = try OperatorSettings(host.choices, profiles: profiles.profiles)
        let probe = HostProbe(
            settings.hostSettings, profiles: ScannerProfileStore(directories: settings.profileDirectories),
            targetDirectory: target, configuration: settings.configurationSummary)
        let diagnosis = await probe.diagnose()
        let output = StandardStreams.output
        output.write(
            json
                ? diagnosis.json(pretty: output.isTerminal) + "\n" : diagnosis.lines.map { $0 + "\n" }.joined())
        return diagnosis.isUsable ? .success : .unavailable
    }
}
