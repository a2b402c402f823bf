import ArgumentParser
import Executor

/// Where the audit is, for verbs that read it.
struct AuditDirectoryOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Directory of the audit. Default: SCAN_EXECUTOR_AUDIT_DIR, else the configuration's, else \(AuditSettings.defaultDirectory).",
            valueName: "dir"))
    var auditDir: String?

    @Option(
        help: ArgumentHelp(
            "The configuration. Default: SCAN_EXECUTOR_CONFIG, else \(ConfigurationFile.standardPath) where it exists.",
            valueName: "file"))
    var config: String?

    func resolved() throws -> String {
        let configuration = try ConfigurationChoice.load(config)
        let path = OperatorSettings.auditDirectory(
            auditDir, OperatorSettings.processEnvironment, configuration?.audit ?? .init())
        guard path.hasPrefix("/") else {
            throw SettingsError(description: "audit directory \(path) must be an absolute path")
        }
        return path
    }
}
