import ArgumentParser
import Executor

/// `scan-executor exec`: any command in a sandbox, with the caller's stdin, stdout and stderr.
struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run any command in a sandbox.",
        usage: "scan-executor exec [options] -- COMMAND [ARG ...]",
        discussion: """
            The command sees the system's programs and libraries read-only, an empty or given /src, its own /tmp and /out, no \
            network, and nothing else of the host. It reads stdin, and what it prints is passed on through pipes of ours: it has \
            no descriptor of the terminal.

            Limits that are not given are wide: all cores and memory, 4096 processes, 24h, 1GiB in /tmp and in /out, no limit on \
            what is printed.

            EXIT STATUS
              the command's own; 124 where a deadline or --printed ended it; 125 where the sandbox failed, wrong options \
            included; 126 not executable; 127 not found; 128+n for signal n, the command's or ours.
            """)

    @Option(help: ArgumentHelp("Directory to show read-only at /src.", valueName: "dir"))
    var target: String?

    @Option(
        help: ArgumentHelp(
            "Working directory in the sandbox. Default: /src with --target, else /tmp.", valueName: "dir"))
    var workdir: String?

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("Environment variable; may be repeated. Nothing is inherited.", valueName: "name=value"))
    var environment: [String] = []

    @Option(
        help: ArgumentHelp("none, loopback (its own 127.0.0.1) or host (protects nothing there).", valueName: "kind"))
    var network = ScannerProfile.Network.none

    @Option(
        help: ArgumentHelp(
            "Seccomp profile. Default: default, or network with another --network than none.", valueName: "name"))
    var seccomp: String?

    @Flag(help: "Let refused system calls through, and say afterwards which they were. Confines less: for finding out.")
    var seccompLog = false

    @Option(help: ArgumentHelp("Directory for what the command leaves in /out; new or empty.", valueName: "dir"))
    var output: String?

    @Flag(help: "Print the run's report on stderr when it is over, as one line of JSON.")
    var json = false

    @Option(help: ArgumentHelp("File for the run's report, as JSON.", valueName: "file"))
    var report: String?

    @Flag(help: "Print no lines of our own but errors.")
    var quiet = false

    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup(title: "Host") var host: HostOptions

    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("The program and its arguments, after --.", valueName: "command"))
    var command: [String] = []

    /// The same, free of the parser.
    var options: ExecOptions {
        var options = ExecOptions()
        options.target = target
        options.workdir = workdir
        options.environment = environment
        options.network = network
        options.seccomp = seccomp
        options.seccompLog = seccompLog
        options.output = output
        options.json = json
        options.report = report
        options.quiet = quiet
        options.limits = limits.given
        options.host = host.choices
        options.command = command
        return options
    }
}

extension ScannerProfile.Network: ExpressibleByArgument {}
