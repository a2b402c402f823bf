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

    /// The environment variable; nil where there is none.
    var variable: String? {
        switch self {
        case .enforcement: "SCAN_EXECUTOR_ENFORCEMENT"
        case .cgroupRoot: "SCAN_EXECUTOR_CGROUP_ROOT"
        case .stateDirectory: "SCAN_EXECUTOR_STATE_DIR"
        case .firstUID: "SCAN_EXECUTOR_FIRST_UID"
        case .profiles: "SCAN_EXECUTOR_PROFILES"
        case .seccompProfiles: "SCAN_EXECUTOR_SECCOMP_PROFILES"
        case .scannerPath: "SCAN_EXECUTOR_SCANNER_PATH"
        case .requireProof: nil
        }
    }
}
