/// How one scanner is run, and what it may use. Read from `NAME.yaml`; the keys are documented in `docs/profiles.md`.
public struct ScannerProfile: Sendable, Hashable {
    /// What the scanner sees of the network.
    public enum Network: String, Sendable, Hashable, CaseIterable {
        /// Nothing, not even 127.0.0.1. The default.
        case none
        /// A loopback interface of its own.
        case loopback
        /// The host's network. The sandbox protects nothing there.
        case host
    }

    /// The report that findings are read from.
    public struct Report: Sendable, Hashable {
        /// The file, relative to the output directory.
        public var path: String
        public var format: FindingsFormat

        public init(path: String, format: FindingsFormat) {
            self.path = path
            self.format = format
        }
    }

    /// `name`: also the file's name without `.yaml`. Lower-case letters, digits, `-` and `_`; at most 64.
    public var name: String
    /// `description`: one line for people.
    public var summary: String?
    /// `command`: the program and its arguments.
    public var command: CommandTemplate
    /// `version`: the command that prints the scanner's version. Nil: nobody asks.
    public var version: CommandTemplate?
    /// `exit_codes`.
    public var exitCodes: ExitCodeTable
    /// `report`. Nil: the exit code is all that is known of the findings.
    public var report: Report?
    /// `limits`.
    public var limits: ScannerLimits
    /// `deadlines`.
    public var deadlines: Deadlines
    /// `soft_landing`. Nil: the scanner runs into its limits.
    public var softLanding: SoftLanding?
    /// The lines of the limits and deadlines that the file itself states, by their place (`limits.memory`); the others are
    /// defaults.
    public var limitLines: [String: Int]
    /// `minimum`: less than this the scanner cannot work with. Default: nothing is known.
    public var minimum: [LimitOverrides.Key: StatedAmount] = [:]
    /// `maximum`: the most that a task may ask for. Default: the limit itself.
    public var maximum: [LimitOverrides.Key: StatedAmount] = [:]
    /// `environment`: added to the cleared environment. A value here replaces the executor's own, PATH included.
    public var environment: [String: String]
    /// `read_only_paths`.
    public var readOnlyPaths: [ReadOnlyPath]
    /// `seccomp`: the name of a seccomp profile. Default `default`.
    public var seccomp: String
    /// `network`. Default `none`.
    public var network: Network
    /// `working_directory`: inside the sandbox. Default `/src`.
    public var workingDirectory: String
    /// The file it was read from.
    public var file: String
    /// SHA-256 of the file's bytes, in lower-case hexadecimal.
    public var sha256: String

    /// True for what can be a profile's name, and so a file's name and a cgroup's.
    public static func isName(_ text: some StringProtocol) -> Bool {
        let isFirst = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = text.utf8.first, isFirst(first), text.utf8.count <= 64 else { return false }
        return text.utf8.allSatisfy { isFirst($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }
}
