import ArgumentParser
import Executor
import Glibc
import ProcessSupervisor
import SystemSupport

/// `scan-executor exec`: any command in a sandbox, with the caller's stdin, stdout and stderr.
struct ExecCommand: Verb {
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

    static let takesInterrupts = true

    static func status(of error: any Error) -> ExitStatus { ExecStatus.failure(error) }

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

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let overrides = try limits.overrides()
        var request = try request(overrides)
        let reportFile = try report.map { path in SharedDescriptor(owning: try ReportFile.open(path)) }
        let settings = try OperatorSettings(host).hostSettings
        request.standardInput = try StandardInput.prepare()
        let streams = try ExecStreams(printedLimit: overrides.printed, interrupts.cancellation)
        request.standardOutput = streams.standardOutput
        request.standardError = streams.standardError

        let sandboxes = try await RunHost.prepare(settings, isQuiet: quiet)
        let outcome: RunOutcome
        do {
            outcome = try await sandboxes.run(request, cancellation: interrupts.cancellation)
        } catch {
            _ = streams.finish()
            throw error
        }
        interrupts.runIsOver()
        let lost = streams.finish()
        return finish(outcome, streams, lost, reportFile, interrupts)
    }

    private func finish(
        _ outcome: RunOutcome, _ streams: ExecStreams, _ lost: SystemError?, _ reportFile: SharedDescriptor?,
        _ interrupts: Interrupts
    ) -> ExitStatus {
        var report = outcome.report
        streams.count(in: &report.output)
        if !quiet { EnforcementLines.of(report.enforcement).forEach { StandardStreams.complain($0) } }
        var status = ExecStatus.of(report.verdict, interruptedBy: interrupts.first)
        explain(report.verdict, status)
        if let lost {
            StandardStreams.complain(lost)
            if status == .success { status = .sandboxFailed }
        }
        if let refusals = outcome.refusals { RefusalLines.of(refusals).forEach { StandardStreams.complain($0) } }
        if json { StandardStreams.error.write(report.json() + "\n") }
        if let reportFile {
            let stream = StandardStreams(descriptor: reportFile.descriptor.raw)
            if !stream.write(report.json() + "\n") {
                StandardStreams.complain("the report could not be written to \(self.report ?? "")")
                if status == .success { status = .sandboxFailed }
            }
        }
        return status
    }

    /// A line for every end that is not the command's own doing.
    private func explain(_ verdict: Verdict, _ status: ExitStatus) {
        switch verdict.kind {
        case .clean, .findings, .scannerError, .signaled, .pidsExhausted: return
        case .cancelled where quiet: return
        default:
            let why = verdict.evidence.first.map { ": \($0.text)" } ?? ""
            StandardStreams.complain("\(verdict.kind.rawValue)\(why)")
        }
    }

    private func request(_ overrides: LimitOverrides) throws -> RunRequest {
        guard !command.isEmpty else { throw InputError("no command; write it after --, as in: exec -- ls /usr") }
        let (limits, deadlines) = try overrides.applied(
            to: ExecDefaults.limits, ExecDefaults.deadlines, subject: "exec")
        var request = RunRequest(
            taskID: RunHost.taskID(), type: "exec", command: command, limits: limits, deadlines: deadlines)
        request.target = target
        request.executesTarget = true
        request.workingDirectory = workdir ?? (target == nil ? SandboxPath.temporary : SandboxPath.target)
        guard request.workingDirectory.hasPrefix("/") else {
            throw InputError("--workdir must be an absolute path in the sandbox")
        }
        for variable in environment {
            let pair = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else {
                throw InputError("--env \(variable): write NAME=value")
            }
            request.environment[String(pair[0])] = String(pair[1])
        }
        request.network = network
        request.seccomp = seccomp ?? (network == .none ? "default" : "network")
        request.logsRefusals = seccompLog
        request.output = output
        return request
    }
}

extension ScannerProfile.Network: ExpressibleByArgument {}
