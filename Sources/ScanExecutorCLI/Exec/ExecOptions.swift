import Executor

/// What `exec` was asked for.
struct ExecOptions: Sendable, Equatable {
    var target: String?
    var workdir: String?
    var environment: [String] = []
    var network = ScannerProfile.Network.none
    var seccomp: String?
    var seccompLog = false
    var output: String?
    var json = false
    var report: String?
    var quiet = false
    var limits: [LimitOverrides.Key: String] = [:]
    var host = HostChoices()
    var command: [String] = []
}

extension ExecOptions {
    /// Reads the words between `exec` and `--` without the parser, whose reflection takes longer than a whole small sandbox.
    ///
    /// Nil for everything that is not plainly right, `--help` too: the parser then says what is wrong.
    init?(quickly words: ArraySlice<String>) {
        var rest = words
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else { return nil }
            switch word {
            case "--seccomp-log": seccompLog = true
            case "--json": json = true
            case "--quiet": quiet = true
            case "--no-audit": host.noAudit = true
            default:
                // --name=value or --name value; a value that begins with a dash is left to the parser.
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst(), !value.hasPrefix("-"),
                    set(String(parts[0]), to: value)
                else { return nil }
            }
        }
    }

    private mutating func set(_ option: String, to value: String) -> Bool {
        switch option {
        case "--target": target = value
        case "--workdir": workdir = value
        case "--env": environment.append(value)
        case "--network":
            guard let kind = ScannerProfile.Network(rawValue: value) else { return false }
            network = kind
        case "--seccomp": seccomp = value
        case "--output": output = value
        case "--report": report = value
        case "--config": host.config = value
        case "--enforcement":
            guard let mode = HostSettings.EnforcementMode(rawValue: value) else { return false }
            host.enforcement = mode
        case "--cgroup-root": host.cgroupRoot = value
        case "--seccomp-profiles": host.seccompProfiles = value
        case "--audit-dir": host.auditDirectory = value
        case "--scanner-path": host.scannerPath.append(value)
        default:
            guard let key = LimitOverrides.Key.allCases.first(where: { $0.option == option }) else { return false }
            limits[key] = value
        }
        return true
    }
}
