import Executor

extension OperatorSettings {
    /// Where and how runs are recorded; nil where they are not to be.
    static func audit(
        _ options: HostChoices, _ environment: (String) -> String?, _ file: ExecutorConfiguration.Audit
    ) throws(SettingsError) -> AuditSettings? {
        if options.noAudit && options.auditDirectory != nil {
            throw SettingsError(description: "--audit-dir and --no-audit contradict each other; give one of them")
        }
        if options.noAudit { return nil }
        let isOn = try switchedOn(environment("SCAN_EXECUTOR_AUDIT")) ?? file.enabled?.value ?? true
        // Whoever names a directory wants records in it.
        if !isOn && options.auditDirectory == nil { return nil }
        var settings = AuditSettings(directory: auditDirectory(options.auditDirectory, environment, file))
        if let bytes = file.rotateBytes { settings.rotateBytes = bytes.value.bytes }
        if let sync = file.sync { settings.sync = sync.value ? .always : .never }
        return settings
    }

    /// Where the audit is: by an option, its variable, the configuration, or the default.
    static func auditDirectory(
        _ option: String?, _ environment: (String) -> String?, _ file: ExecutorConfiguration.Audit
    ) -> String {
        option ?? environment("SCAN_EXECUTOR_AUDIT_DIR").flatMap { $0.isEmpty ? nil : $0 } ?? file.directory?.value
            ?? AuditSettings.defaultDirectory
    }

    private static func switchedOn(_ text: String?) throws(SettingsError) -> Bool? {
        switch text {
        case nil, "": return nil
        case "on": return true
        case "off": return false
        case let text?: throw SettingsError(description: "SCAN_EXECUTOR_AUDIT is \"\(text)\"; set it to on or off")
        }
    }
}
