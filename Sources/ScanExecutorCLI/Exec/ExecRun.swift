import Executor
import Glibc
import ProcessSupervisor
import SystemSupport

/// `exec` as it is carried out.
struct ExecRun: Verb {
    static let takesInterrupts = true

    static func status(of error: any Error) -> ExitStatus { ExecStatus.failure(error) }

    let options: ExecOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let overrides = try LimitOverrides(options: options.limits)
        let settings = try OperatorSettings(options.host)
        var request = try request(overrides, settings.configuration)
        let reportFile = try options.report.map { path in SharedDescriptor(owning: try ReportFile.open(path)) }
        request.standardInput = try StandardInput.prepare()
        let streams = try ExecStreams(printedLimit: overrides.printed, interrupts.cancellation)
        request.standardOutput = streams.standardOutput
        request.standardError = streams.standardError

        let sandboxes = try await RunHost.prepare(settings.hostSettings, isQuiet: options.quiet)
        let outcome: RunOutcome
        do {
            outcome = try await sandboxes.run(request, cancellation: interrupts.cancellation)
        } catch {
            interrupts.runIsOver()
            _ = streams.finish()
            throw error
        }
        interrupts.runIsOver()
        // A command that was to be over by now is not kept from it by whoever does not read what it printed.
        let bound = outcome.report.verdict.kind.isEndedByUs ? max(request.deadlines.grace, .seconds(1)) : nil
        return finish(outcome, streams, streams.finish(within: bound), reportFile, interrupts)
    }

    private func finish(
        _ outcome: RunOutcome, _ streams: ExecStreams, _ lost: ExecStreams.Loss, _ reportFile: SharedDescriptor?,
        _ interrupts: Interrupts
    ) -> ExitStatus {
        var report = outcome.report
        streams.count(in: &report.output)
        var status = ExecStatus.of(report.verdict, interruptedBy: interrupts.first)
        if !lost.isErrorStuck {
            if !options.quiet { StandardStreams.complain(EnforcementLines.of(report.enforcement)) }
            explain(report.verdict, status)
            if let error = lost.error { StandardStreams.complain(error) }
            if let refusals = outcome.refusals { StandardStreams.complain(RefusalLines.of(refusals)) }
            if options.json { StandardStreams.error.write(report.json() + "\n") }
        }
        if let problem = outcome.auditProblem {
            if !lost.isErrorStuck { StandardStreams.complain(problem) }
            if status == .success { status = .sandboxFailed }
        }
        if lost.error != nil, status == .success { status = .sandboxFailed }
        if let reportFile {
            let stream = StandardStreams(descriptor: reportFile.descriptor.raw)
            if !stream.write(report.json() + "\n") {
                if !lost.isErrorStuck {
                    StandardStreams.complain("the report could not be written to \(options.report ?? "")")
                }
                if status == .success { status = .sandboxFailed }
            }
        }
        return status
    }

    /// A line for every end that is not the command's own doing.
    private func explain(_ verdict: Verdict, _ status: ExitStatus) {
        switch verdict.kind {
        case .clean, .findings, .scannerError, .signaled: return
        case .cancelled where options.quiet: return
        default:
            let why = verdict.evidence.first.map { ": \($0.text)" } ?? ""
            StandardStreams.complain("\(verdict.kind.rawValue)\(why)")
        }
    }

    private func request(_ overrides: LimitOverrides, _ configuration: ExecutorConfiguration?) throws -> RunRequest {
        guard !options.command.isEmpty else {
            throw InputError("no command; write it after --, as in: exec -- ls /usr")
        }
        try configuration?.caps.refuse(overrides, of: "exec", in: configuration?.file ?? "")
        let (limits, deadlines) = try overrides.applied(
            to: ExecDefaults.limits(within: configuration?.caps.values), ExecDefaults.deadlines, subject: "exec")
        var request = RunRequest(
            taskID: RunHost.taskID(), type: "exec", command: options.command, limits: limits, deadlines: deadlines)
        request.target = options.target
        request.executesTarget = true
        request.workingDirectory =
            options.workdir ?? (options.target == nil ? SandboxPath.temporary : SandboxPath.target)
        guard request.workingDirectory.hasPrefix("/") else {
            throw InputError("--workdir must be an absolute path in the sandbox")
        }
        for variable in options.environment {
            let pair = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else {
                throw InputError("--env \(variable): write NAME=value")
            }
            request.environment[String(pair[0])] = String(pair[1])
        }
        request.network = options.network
        request.seccomp = options.seccomp ?? (options.network == .none ? "default" : "network")
        request.logsRefusals = options.seccompLog
        request.output = options.output
        return request
    }
}

extension VerdictKind {
    /// A deadline, a limit or a signal to us ended the run.
    fileprivate var isEndedByUs: Bool { [.timedOut, .cpuExhausted, .outputExceeded, .cancelled].contains(self) }
}
