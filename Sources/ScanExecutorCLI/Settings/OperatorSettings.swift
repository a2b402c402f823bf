import Executor
import Glibc

/// A setting from the command line or the environment that cannot be used; the configuration's own are ``ConfigurationError``.
struct SettingsError: Error, CustomStringConvertible {
    var description: String
}

/// What the operator set: an option beats its variable, a variable the configuration, the configuration the default.
///
/// Plain getenv(3) and no library for it: the variables are few, and each start of `exec` reads them.
struct OperatorSettings {
    /// Nil where there is none.
    let configuration: ExecutorConfiguration?
    /// Where each setting comes from; what is not here is the default.
    private(set) var origins: [SettingName: SettingOrigin] = [:]
    var cgroupRoot: String?
    var enforcement = HostSettings.EnforcementMode.require
    /// Searched in this order.
    var profileDirectories: [String]
    var seccompDirectories: [String]
    /// Searched for scanners before the system's directories.
    var programDirectories: [String]
    var stateDirectory: String?
    var firstUID: UInt32?
    /// Nil where runs are not to be recorded.
    var audit: AuditSettings?
    /// Whether runs need a recorded proof of this host.
    var requireProof = false

    /// Reads the configuration that `options` and the environment choose.
    init(_ options: HostChoices, profiles: String? = nil) throws {
        try self.init(
            options, profiles: profiles, environment: Self.processEnvironment,
            configuration: ConfigurationChoice.load(options.config))
    }

    /// - Parameters:
    ///   - environment: the value of a variable; an empty one counts as not set.
    ///   - executable: our own program's path, which says where what was installed with it is.
    init(
        _ options: HostChoices, profiles: String? = nil, environment: (String) -> String?,
        configuration: ExecutorConfiguration?, executable: String = Installation.executable
    ) throws(SettingsError) {
        self.configuration = configuration
        var origins: [SettingName: SettingOrigin] = [:]
        /// The first of the three that there is.
        func pick<Value>(
            _ name: SettingName, _ option: Value?, _ stated: ExecutorConfiguration.Stated<Value>?,
            _ convert: (String) throws(SettingsError) -> Value
        ) throws(SettingsError) -> Value? {
            if let option {
                origins[name] = .option("--" + name.rawValue.map { $0 == "_" ? "-" : String($0) }.joined())
                return option
            }
            if let text = environment(name.variable), !text.isEmpty {
                origins[name] = .variable(name.variable)
                return try convert(text)
            }
            guard let stated else { return nil }
            origins[name] = .file(configuration?.file ?? "", line: stated.line)
            return stated.value
        }
        let asIs: (String) throws(SettingsError) -> String = { $0 }
        cgroupRoot = try pick(.cgroupRoot, options.cgroupRoot, configuration?.cgroupRoot, asIs)
        let mode = try pick(.enforcement, options.enforcement, configuration?.enforcement) {
            text throws(SettingsError) in
            if let chosen = HostSettings.EnforcementMode(rawValue: text) { return chosen }
            throw SettingsError(
                description: "SCAN_EXECUTOR_ENFORCEMENT is \"\(text)\"; set it to require or best-effort")
        }
        enforcement = mode ?? .require
        let scanners = try pick(.profiles, profiles, configuration?.profiles, asIs)
        profileDirectories = ScannerProfileStore.standardDirectories(given: scanners, executable: executable)
        let installation = Installation(executable: executable)
        let filters = try pick(.seccompProfiles, options.seccompProfiles, configuration?.seccompProfiles, asIs)
        seccompDirectories = (filters.map { [$0] } ?? []) + installation.seccompDirectories
        let paths = try pick(
            .scannerPath, options.scannerPath.isEmpty ? nil : options.scannerPath, configuration?.scannerPath
        ) { text throws(SettingsError) in text.split(separator: ":").map(String.init) }
        for path in paths ?? [] where !path.hasPrefix("/") {
            throw SettingsError(description: "scanner path \(path) must be absolute; it is looked up in sandboxes too")
        }
        programDirectories = (paths ?? []) + installation.programDirectories
        audit = try Self.audit(options, environment, configuration?.audit ?? .init())
        stateDirectory = try pick(.stateDirectory, String?.none, configuration?.stateDirectory, asIs)
        firstUID = try pick(.firstUID, UInt32?.none, configuration?.firstUID) { text throws(SettingsError) in
            if let uid = UInt32(text), HostSettings.firstUIDs.contains(Int(uid)) { return uid }
            throw SettingsError(
                description: "SCAN_EXECUTOR_FIRST_UID is \"\(text)\"; set it to a number from 1000 to 4294000000")
        }
        requireProof =
            try pick(.requireProof, Bool?.none, configuration?.requireProof) { text throws(SettingsError) in
                if let value = ["1": true, "true": true, "0": false, "false": false][text] { return value }
                throw SettingsError(
                    description: "SCAN_EXECUTOR_REQUIRE_PROOF is \"\(text)\"; set it to true or false")
            }
            ?? false
        self.origins = origins
    }

    var hostSettings: HostSettings {
        var settings = HostSettings(seccompDirectories: seccompDirectories)
        settings.cgroupRoot = cgroupRoot
        settings.enforcement = enforcement
        settings.programDirectories = programDirectories
        // One run a process.
        settings.launchThreads = 1
        settings.audit = audit
        if let stateDirectory { settings.stateDirectory = stateDirectory }
        if let firstUID { settings.firstUID = firstUID }
        // Without a configuration, the caps stay that another process has set.
        settings.caps = configuration?.hostCaps
        settings.requireProof = requireProof
        settings.proofSHA256 = RecordedProof.currentSHA256(stateDirectory: settings.stateDirectory)
        return settings
    }

    static func processEnvironment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// What came with this program, wherever it was put: `make install` has `share/scan-executor` beside `bin`, a checkout has
/// `deploy` and `.venv` beside `.build`.
struct Installation {
    let executable: String

    /// As for scanner profiles, and so with an operator's own in /etc first.
    var seccompDirectories: [String] {
        ScannerProfileStore.standardDirectories(given: nil, executable: executable).map {
            String($0.dropLast("scanners".count)) + "seccomp"
        }
    }

    /// The virtual environment that `make run` fills. Only of a checkout that we were built in.
    var programDirectories: [String] {
        let parts = executable.split(separator: "/").map(String.init)
        guard let build = parts.firstIndex(where: { $0 == ".build" || $0.hasPrefix(".build-") }) else { return [] }
        let directory = "/" + (parts[..<build] + [".venv", "bin"]).joined(separator: "/")
        return access(directory, F_OK) == 0 ? [directory] : []
    }

    /// Where this program's file is.
    static let executable: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : CommandLine.arguments[0]
    }()
}
