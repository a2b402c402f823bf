public import SystemSupport

/// What an operator configured for this host: the content of `/etc/scan-executor/config.yaml`. Its keys are documented in
/// `docs/operations.md`; what a file does not state is nil here.
public struct ExecutorConfiguration: Sendable, Hashable {
    /// A value, and the line it stands in.
    public struct Stated<Value: Sendable & Hashable>: Sendable, Hashable {
        public var value: Value
        public var line: Int?

        public init(_ value: Value, line: Int? = nil) {
            self.value = value
            self.line = line
        }
    }

    /// `audit`: whether and where runs are recorded.
    public struct Audit: Sendable, Hashable {
        /// `enabled`: `true` or `false`.
        public var enabled: Stated<Bool>?
        /// `directory`: an absolute path.
        public var directory: Stated<String>?
        /// `rotate_bytes`: a size of at least 1MiB, after which a new file is begun.
        public var rotateBytes: Stated<ByteCount>?
        /// `sync`: `true` or `false`, whether each record is on the disk before the run's result is told.
        public var sync: Stated<Bool>?

        public init() {}
    }

    /// `scanners.NAME`: what this host gives one scanner type.
    public struct Scanner: Sendable, Hashable {
        /// `limits` and `deadlines`: in place of the profile's.
        public var limits = StatedLimits()
        /// `maximum`: in place of the profile's, key by key.
        public var maximum: [LimitOverrides.Key: StatedAmount] = [:]
        /// `caps`: all scans of the type together.
        public var caps = StatedCaps()
        /// `soft_landing`: in place of the profile's.
        public var softLanding: Stated<SoftLanding>?
        /// The line of the name.
        public var line: Int?

        public init() {}
    }

    /// The file it was read from.
    public var file: String
    /// `enforcement`: `require` or `best-effort`.
    public var enforcement: Stated<HostSettings.EnforcementMode>?
    /// `cgroup_root`: the delegated cgroup, an absolute path.
    public var cgroupRoot: Stated<String>?
    /// `state_directory`: an absolute path.
    public var stateDirectory: Stated<String>?
    /// `first_uid`: 1000 to 4294000000.
    public var firstUID: Stated<UInt32>?
    /// `profiles`: a directory of scanner profiles, searched before the usual ones.
    public var profiles: Stated<String>?
    /// `seccomp_profiles`: likewise, of seccomp profiles.
    public var seccompProfiles: Stated<String>?
    /// `scanner_path`: directories of programs, searched before the system's.
    public var scannerPath: Stated<[String]>?
    /// `require_proof`: `true` or `false`, whether runs need a recorded proof of this host.
    public var requireProof: Stated<Bool>?
    public var audit = Audit()
    /// `caps`: all scans of the host together.
    public var caps = StatedCaps()
    public var scanners: [String: Scanner] = [:]

    public init(file: String) { self.file = file }

    /// What ``SandboxHost`` holds all runs and those of a type to.
    public var hostCaps: HostCaps {
        HostCaps(all: caps.values, types: scanners.mapValues(\.caps.values).filter { !$0.value.isEmpty })
    }
}

/// A configuration that cannot be used. Carries every problem found, not only the first.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// In the order of the file. Never empty.
    public var problems: [ProfileProblem]
    /// As much as could be read, to find what else is wrong with it; not to be used. Nil: nothing.
    public var readable: ExecutorConfiguration?

    public init(_ file: String, _ problems: [ProfileProblem], readable: ExecutorConfiguration? = nil) {
        self.file = file
        self.problems = problems
        self.readable = readable
    }

    /// One line a problem: `/etc/scan-executor/config.yaml:12: scanners.bandit.limits.memory: ...`.
    public var description: String {
        problems.map { problem in
            TerminalText.line("\(problem.line.map { "\(file):\($0)" } ?? file): \(problem.description)")
        }.joined(separator: "\n")
    }
}
