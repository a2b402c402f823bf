import ArgumentParser
import Executor

/// Where the host keeps what runs need, and how strict they are.
struct HostOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The configuration. Default: \(ConfigurationFile.standardPath), if it is there.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "What happens where a limit cannot be enforced: require (nothing starts) or best-effort (it starts, and says so).",
            valueName: "mode"))
    var enforcement: HostSettings.EnforcementMode?

    @Option(
        help: ArgumentHelp(
            "The delegated cgroup. Default: the own one under systemd's Delegate=yes, else scan.slice.",
            valueName: "path"))
    var cgroupRoot: String?

    @Option(
        help: ArgumentHelp(
            "Directory of seccomp profiles, searched before /etc/scan-executor/seccomp and the installed ones.",
            valueName: "dir"))
    var seccompProfiles: String?

    @Option(
        help: ArgumentHelp(
            "Directory of programs, searched before the system's; may be repeated.", valueName: "dir"))
    var scannerPath: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where the records of runs are kept. Default: \(AuditSettings.defaultDirectory).", valueName: "dir"))
    var auditDir: String?

    @Flag(help: "Keep no record of the run.")
    var noAudit = false

    var choices: HostChoices {
        HostChoices(
            config: config, enforcement: enforcement, cgroupRoot: cgroupRoot, seccompProfiles: seccompProfiles,
            scannerPath: scannerPath, auditDirectory: auditDir, noAudit: noAudit)
    }
}

/// The same, free of the parser.
struct HostChoices: Sendable, Equatable {
    var config: String?
    var enforcement: HostSettings.EnforcementMode?
    var cgroupRoot: String?
    var seccompProfiles: String?
    var scannerPath: [String] = []
    var auditDirectory: String?
    var noAudit = false
}

extension HostSettings.EnforcementMode: ExpressibleByArgument {}

/// Scanner profiles' own directory.
struct ProfileOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Directory of scanner profiles, searched before /etc/scan-executor/scanners and the installed ones.",
            valueName: "dir"))
    var profiles: String?
}
