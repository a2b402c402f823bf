import ArgumentParser
import Executor

/// Where the audit is, for verbs that read it.
struct AuditDirectoryOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Directory of the audit. Default: SCAN_EXECUTOR_AUDIT_DIR, else \(AuditSettings.defaultDirectory).",
            valueName: "dir"))
    var auditDir: String?

    func resolved() throws(SettingsError) -> String {
        let path = OperatorSettings.auditDirectory(auditDir, OperatorSettings.processEnvironment)
        guard path.hasPrefix("/") else {
            throw SettingsError(description: "audit directory \(path) must be an absolute path")
        }
        return path
    }
}
