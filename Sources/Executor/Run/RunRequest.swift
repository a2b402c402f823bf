public import ProcessSupervisor
public import SeccompPolicy
public import SystemPackage

/// One run, as somebody wants it: what, on which tree, within which limits. What the host makes of it is in the report.
public struct RunRequest: Sendable {
    /// Unique among the runs of this host at a time; becomes the leaf's name with the attempt.
    public var taskID: String
    public var attempt: Int
    /// The cgroup type directory: the scanner's name, or `exec`.
    public var type: String
    /// In a report, the scanner's name; nil for `exec`.
    public var scanner: String?
    /// Program and arguments. The program is a name that is looked up, an absolute path in the sandbox, or, with a slash, a
    /// path from the working directory.
    public var command: [String]
    /// On top of PATH, HOME, TMPDIR and LANG.
    public var environment: [String: String]
    /// The tree at `/src`, read-only; nil: an empty directory.
    public var target: String?
    /// Whether programs of the tree itself may be executed. Scanners read it only.
    public var executesTarget: Bool
    public var workingDirectory: String
    public var readOnlyPaths: [ReadOnlyPath]
    public var limits: ScannerLimits
    public var deadlines: Deadlines
    /// Nil: the run goes into its limits.
    public var softLanding: SoftLanding?
    /// Name of the seccomp profile.
    public var seccomp: String
    /// Let refused system calls through, and count them.
    public var logsRefusals: Bool
    public var network: ScannerProfile.Network
    public var exitCodes: ExitCodeTable
    public var report: ScannerProfile.Report?
    public var profile: RunReport.Content?
    /// What the scanner says of its version, for the record; see ``SandboxHost/scannerVersion(for:)``.
    public var scannerVersion: String?
    /// False for what is no run of anybody's: a version, a trial. It leaves no record.
    public var isAudited = true
    /// Where artifacts are copied to, and the report as scan-executor-report.json: a directory that does not exist yet, or is
    /// empty. Nil: they are only listed.
    public var output: String?
    /// Descriptors 0 to 2, see `LaunchPlan`.
    public var standardInput: SharedDescriptor?
    public var standardOutput: SharedDescriptor?
    public var standardError: SharedDescriptor?
    /// For tests: the launch step that fails, and how.
    public var fault: (step: LaunchStep, errno: Errno)?

    public init(taskID: String, type: String, command: [String], limits: ScannerLimits, deadlines: Deadlines) {
        self.taskID = taskID
        attempt = 1
        self.type = type
        self.command = command
        environment = [:]
        executesTarget = false
        workingDirectory = SandboxPath.target
        readOnlyPaths = []
        self.limits = limits
        self.deadlines = deadlines
        seccomp = "default"
        logsRefusals = false
        network = .none
        exitCodes = .zeroIsClean
    }

    /// A profile's scan of `target`.
    public init(taskID: String, scanning target: String, with profile: ScannerProfile) {
        self.init(
            taskID: taskID, type: profile.name, command: profile.command.expanded(), limits: profile.limits,
            deadlines: profile.deadlines)
        scanner = profile.name
        softLanding = profile.softLanding
        environment = profile.environment
        self.target = target
        workingDirectory = profile.workingDirectory
        readOnlyPaths = profile.readOnlyPaths
        seccomp = profile.seccomp
        network = profile.network
        exitCodes = profile.exitCodes
        report = profile.report
        self.profile = RunReport.Content(name: profile.name, sha256: profile.sha256)
    }
}

/// What came of a run.
public struct RunOutcome: Sendable {
    public var report: RunReport
    /// How the program itself ended; nil where it was never launched.
    public var ending: ExitFacts.Ending?
    /// Of the scanner's report; nil where the profile names none or it cannot be read.
    public var findings: Findings?
    /// Why ``findings`` is nil although the profile names a report.
    public var findingsProblem: String?
    /// What lay in `/out` and was not taken, each with its reason, for people; the first hundred, and how many more.
    public var passedOver: [String] = []
    /// System calls that the filter would have refused, with `logsRefusals`.
    public var refusals: [Refusal]?
    /// The run's place in the audit; nil without one.
    public var audited: AuditPosition?
    /// Why the run's record is not in the audit. It is tried again while this process lives, and then by the next start, from
    /// the cgroup, which stays until then.
    public var auditProblem: ExecutorError?
}
