/// The record of one run: what `--json` prints, what the audit keeps, what the result event carries.
///
/// Values that are not known are nil here and absent in the JSON. Sizes are bytes; every other unit is in the name.
public struct RunReport: Sendable, Equatable {
    /// The value of `schema`. It changes when a field changes its meaning or goes away, not when one is added.
    public static let schema = "scan-executor/report/1"

    /// Nil outside a queue.
    public var taskID: String?
    /// The profile's name; nil for `exec`.
    public var scanner: String?
    public var attempt: Int?
    public var fence: Int64?
    /// The host's name.
    public var host: String?
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    public var verdict: Verdict
    public var limits: AppliedLimits
    public var enforcement: Enforcement
    public var usage: Usage
    public var output: Output
    public var artifacts: [Artifact]
    public var timings: Timings
    public var profile: Content?
    public var seccomp: Content?
    /// The run's cgroup, relative to the delegated root.
    public var cgroup: String?
    /// `findings_count`: results in the scanner's report. Nil where there is no report, or none that can be read.
    public var findingsCount: Int?

    public init(
        verdict: Verdict, limits: AppliedLimits = AppliedLimits(), enforcement: Enforcement = Enforcement(),
        usage: Usage = Usage(),
        output: Output = Output(), artifacts: [Artifact] = [], timings: Timings = Timings()
    ) {
        self.verdict = verdict
        self.limits = limits
        self.enforcement = enforcement
        self.usage = usage
        self.output = output
        self.artifacts = artifacts
        self.timings = timings
    }

    /// A file that the scanner left.
    public struct Artifact: Sendable, Hashable {
        /// Relative to the output directory.
        public var path: String
        public var bytes: Int64
        /// Lower-case hexadecimal.
        public var sha256: String?

        public init(path: String, bytes: Int64, sha256: String? = nil) {
            self.path = path
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// Something named that is identified by its bytes: a scanner profile, a filter.
    public struct Content: Sendable, Hashable {
        public var name: String
        /// Lower-case hexadecimal.
        public var sha256: String?

        public init(name: String, sha256: String? = nil) {
            self.name = name
            self.sha256 = sha256
        }
    }

    /// What the run printed.
    public struct Output: Sendable, Hashable {
        /// Bytes printed, whether kept or not.
        public var stdoutBytes: Int64?
        public var stderrBytes: Int64?
        /// True where either text lacks its middle.
        public var truncated: Bool?
        /// Head and tail, decoded as UTF-8 with replacement.
        public var stdout: String?
        public var stderr: String?

        public init() {}
    }

    /// Where the time around the run went.
    public struct Timings: Sendable, Hashable {
        public var queueWaitMilliseconds: Int64?
        /// Cgroup, filter, plan, clone, up to exec.
        public var setupMicroseconds: Int64?
        public var runMilliseconds: Int64?
        /// From the scanner's end until nothing of it ran and its artifacts were copied. Moving the output directory into its place, the
        /// audit's record and the removal of the empty cgroup come after.
        public var teardownMicroseconds: Int64?

        public init() {}
    }
}
