import Executor

/// Which configuration is read: the one of `--config`, of SCAN_EXECUTOR_CONFIG, or the usual one if it is there. One that was
/// named and is not there is an error.
enum ConfigurationChoice {
    static let variable = "SCAN_EXECUTOR_CONFIG"

    static func load(
        _ option: String?, environment: (String) -> String? = OperatorSettings.processEnvironment,
        standard: String = ConfigurationFile.standardPath
    ) throws(ConfigurationError) -> ExecutorConfiguration? {
        let named = option ?? environment(variable).flatMap { $0.isEmpty ? nil : $0 }
        return try ConfigurationFile.load(named ?? standard, mayBeMissing: named == nil)
    }
}
