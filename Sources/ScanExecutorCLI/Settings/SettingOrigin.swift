import Executor

/// Where a setting of the host comes from. Option beats variable, variable beats file, file beats default.
enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
    case option(String)
    case variable(String)
    case file(String, line: Int?)
    case standard

    /// As it is said in errors: `--first-uid`, `SCAN_EXECUTOR_FIRST_UID`, `/etc/scan-executor/config.yaml:3`.
    var description: String {
        switch self {
        case .option(let name), .variable(let name): name
        case .file(let file, let line): file + (line.map { ":\($0)" } ?? "")
        case .standard: "default"
        }
    }
}

/// The settings of the host, by their keys in the configuration.
enum SettingName: String, Sendable, CaseIterable {
    case enforcement
    case cgroupRoot = "cgroup_root"
    case stateDirectory = "state_directory"
    case firstUID = "first_uid"
    case profiles
    case seccompProfiles = "seccomp_profiles"
    case scannerPath = "scanner_path"
    case requireProof = "require_proof"

    /// The environment variable.
    var variable: String {
        switch self {
        case .enforcement: "SCAN_EXECUTOR_ENFORCEMENT"
        case .cgroupRoot: "SCAN_EXECUTOR_CGROUP_ROOT"
        case .stateDirectory: "SCAN_EXECUTOR_STATE_DIR"
        case .firstUID: "SCAN_EXECUTOR_FIRST_UID"
        case .profiles: "SCAN_EXECUTOR_PROFILES"
        case .seccompProfiles: "SCAN_EXECUTOR_SECCOMP_PROFILES"
        case .scannerPath: "SCAN_EXECUTOR_SCANNER_PATH"
        case .requireProof: "SCAN_EXECUTOR_REQUIRE_PROOF"
        }
    }
}

extension OperatorSettings {
    /// Which configuration is used, what it sets, and what of it something else beats.
    var configurationSummary: String {
        guard let configuration else { return "none (\(ConfigurationFile.standardPath) is not there)" }
        let stated: [(SettingName, Bool)] = [
            (.enforcement, configuration.enforcement != nil), (.cgroupRoot, configuration.cgroupRoot != nil),
            (.stateDirectory, configuration.stateDirectory != nil), (.firstUID, configuration.firstUID != nil),
            (.profiles, configuration.profiles != nil), (.seccompProfiles, configuration.seccompProfiles != nil),
            (.scannerPath, configuration.scannerPath != nil), (.requireProof, configuration.requireProof != nil),
        ]
        var inForce: [String] = []
        var beaten: [String] = []
        for (name, isStated) in stated where isStated {
            switch origins[name] {
            case .option(let other), .variable(let other): beaten.append("\(name.rawValue) by \(other)")
            case .file, .standard, nil: inForce.append(name.rawValue)
            }
        }
        if configuration.audit != .init() { inForce.append("audit") }
        if !configuration.caps.values.isEmpty { inForce.append("caps") }
        inForce += configuration.scanners.keys.sorted().map { "scanners.\($0)" }
        return "\(configuration.file): " + (inForce.isEmpty ? "sets nothing" : inForce.joined(separator: ", "))
            + (beaten.isEmpty ? "" : "; set elsewhere: \(beaten.joined(separator: ", "))")
    }
}
