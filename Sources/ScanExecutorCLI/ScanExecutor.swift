import ArgumentParser

/// The root command: what there is, and which verbs.
struct ScanExecutor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan-executor",
        abstract: "Runs static-analysis scanners, and any other command, each in a sandbox of its own.",
        discussion: """
            Every run has its own cgroup, namespaces, seccomp filter and uid, and leaves nothing behind. Sandboxes need root.

            ENVIRONMENT (an option beats it, it beats the configuration, which beats the default)
              SCAN_EXECUTOR_CONFIG            as --config
              SCAN_EXECUTOR_CGROUP_ROOT       as --cgroup-root
              SCAN_EXECUTOR_ENFORCEMENT       as --enforcement
              SCAN_EXECUTOR_PROFILES          as --profiles
              SCAN_EXECUTOR_SECCOMP_PROFILES  as --seccomp-profiles
              SCAN_EXECUTOR_SCANNER_PATH      as --scanner-path, directories with : between them
              SCAN_EXECUTOR_AUDIT_DIR         as --audit-dir
              SCAN_EXECUTOR_AUDIT             off: as --no-audit
              SCAN_EXECUTOR_STATE_DIR         locks of the sandboxes' uids, the proof; default /run/scan-executor
              SCAN_EXECUTOR_REQUIRE_PROOF     true: no run without a valid proof of this host, see doctor --prove
              SCAN_EXECUTOR_FIRST_UID         the first of 256 uids that sandboxes use; default 2000000000
            """,
        subcommands: [
            ScanCommand.self, ExecCommand.self, DoctorCommand.self, ProfilesCommand.self, AuditCommand.self,
            ReapCommand.self,
        ])
}
