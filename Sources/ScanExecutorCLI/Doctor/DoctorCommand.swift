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

            With --prove it attacks the sandbox instead: every attack of scan-probe is run on this host, beside a control that \
            must be permitted, and what is guaranteed here is printed and kept in the state directory. Scans can \
            demand such a proof. See docs/proof.md.

            EXIT STATUS
              0 nothing is missing, or all that was proved held; 69 something is missing, failed, or is not enforced and \
            enforcement is require; 128+n ended by signal n.
            """)

    static let takesInterrupts = true

    @Option(
        help: ArgumentHelp(
            "Where the trees to be scanned are: whether their owners can be mapped is a matter of the file system. "
                + "Default: the working directory.",
            valueName: "dir"))
    var target = "."

    @Flag(help: "Attack the sandbox on this host, and keep what held as the host's proof.")
    var prove = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Only these attacks; nothing is kept then.", valueName: "attack"))
    var only: [String] = []

    @Option(
        help: ArgumentHelp(
            "The program with the attacks. Default: scan-probe beside this program, or as installed with it.",
            valueName: "file"))
    var probe: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Host") var host: HostOptions
    @OptionGroup var profiles: ProfileOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let settings = try OperatorSettings(host.choices, profiles: profiles.profiles)
        if prove { return try await ProveRun(settings, probe: probe, only: only, json: json).execute(interrupts) }
        if !only.isEmpty || probe != nil { throw InputError("--only and --probe belong to --prove; add it") }
        let probe = HostProbe(
            settings.hostSettings, profiles: ScannerProfileStore(directories: settings.profileDirectories),
            targetDirectory: target, configuration: settings.configurationSummary)
        let diagnosis = await probe.diagnose(cancellation: interrupts.cancellation)
        interrupts.runIsOver()
        // What was tried is removed; what was found is not all.
        if let signal = interrupts.first { return .signal(signal) }
        let output = StandardStreams.output
        output.write(
            json
                ? diagnosis.json(pretty: output.isTerminal) + "\n" : diagnosis.lines.map { $0 + "\n" }.joined())
        return diagnosis.isUsable ? .success : .unavailable
    }
}
