import Executor
import Glibc

/// A setting from the command line or the environment that cannot be used.
struct SettingsError: Error, CustomStringConvertible {
    var description: String
}

/// What the operator set, from the command line and the environment: an option beats its variable, a variable the default.
///
/// Plain getenv(3) and no configuration library: seven variables are all there is, and each start of `exec` reads them.
struct OperatorSettings {
    var cgroupRoot: String?
    var enforcement = HostSettings.EnforcementMode.require
    /// Searched in this order.
    var profileDirectories: [String]
    var seccompDirectories: [String]
    /// Searched for scanners before the system's directories.
    var programDirectories: [String]
    var stateDirectory: String?
    var firstUID: UInt32?
    /// Whether runs need a recorded proof of this host.
    var requireProof = false

    /// - Parameters:
    ///   - environment: the value of a variable; an empty one counts as not set.
    ///   - executable: our own program's path, which says where what was installed with it is.
    init(
        _ options: HostChoices, profiles: String? = nil, environment: (String) -> String? = Self.processEnvironment,
        executable: String = Installation.executable
    ) throws(SettingsError) {
        func variable(_ name: String) -> String? {
            environment("SCAN_EXECUTOR_\(name)").flatMap { $0.isEmpty ? nil : $0 }
        }
        cgroupRoot = options.cgroupRoot ?? variable("CGROUP_ROOT")
        if let chosen = options.enforcement {
            enforcement = chosen
        } else if let text = variable("ENFORCEMENT") {
            guard let chosen = HostSettings.EnforcementMode(rawValue: text) else {
                throw SettingsError(
                    description: "SCAN_EXECUTOR_ENFORCEMENT is \"\(text)\"; set it to require or best-effort")
            }
            enforcement = chosen
        }
        let installation = Installation(executable: executable)
        let scanners = profiles ?? variable("PROFILES")
        profileDirectories = ScannerProfileStore.standardDirectories(given: scanners, executable: executable)
        let filters = options.seccompProfiles ?? variable("SECCOMP_PROFILES")
        seccompDirectories = (filters.map { [$0] } ?? []) + installation.seccompDirectories
        let given =
            options.scannerPath.isEmpty
            ? (variable("SCANNER_PATH") ?? "").split(separator: ":").map(String.init) : options.scannerPath
        for path in given where !path.hasPrefix("/") {
            throw SettingsError(description: "scanner path \(path) must be absolute; it is looked up in sandboxes too")
        }
        programDirectories = given + installation.programDirectories
        stateDirectory = variable("STATE_DIR")
        if let text = variable("FIRST_UID") {
            // Below 1000 are the system's users, and 2^32-1 is no uid.
            guard let uid = UInt32(text), (1000...4_294_000_000).contains(uid) else {
                throw SettingsError(
                    description: "SCAN_EXECUTOR_FIRST_UID is \"\(text)\"; set it to a number from 1000 to 4294000000")
            }
            firstUID = uid
        }
        if let text = variable("REQUIRE_PROOF") {
            guard let value = ["1": true, "true": true, "0": false, "false": false][text] else {
                throw SettingsError(
                    description: "SCAN_EXECUTOR_REQUIRE_PROOF is \"\(text)\"; set it to true or false")
            }
            requireProof = value
        }
    }

    var hostSettings: HostSettings {
        var settings = HostSettings(seccompDirectories: seccompDirectories)
        settings.cgroupRoot = cgroupRoot
        settings.enforcement = enforcement
        settings.programDirectories = programDirectories
        // One run a process.
        settings.launchThreads = 1
        if let stateDirectory { settings.stateDirectory = stateDirectory }
        if let firstUID { settings.firstUID = firstUID }
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
