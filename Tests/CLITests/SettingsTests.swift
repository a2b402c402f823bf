import Executor
import Testing

@testable import ScanExecutorCLI

/// An option beats its variable, a variable the configuration, the configuration the default.
@Suite struct SettingsTests {
    private func settings(
        _ choices: HostChoices = HostChoices(), profiles: String? = nil, _ variables: [String: String] = [:],
        file yaml: String = "", executable: String = "/usr/local/bin/scan-executor"
    ) throws -> OperatorSettings {
        try OperatorSettings(
            choices, profiles: profiles, environment: { variables["\($0)"] },
            configuration: yaml.isEmpty ? nil : ExecutorConfiguration(yaml: Array(yaml.utf8), file: "/f.yaml"),
            executable: executable)
    }

    private static let variables = [
        "SCAN_EXECUTOR_CGROUP_ROOT": "/v/cgroup", "SCAN_EXECUTOR_ENFORCEMENT": "best-effort",
        "SCAN_EXECUTOR_PROFILES": "/v/profiles", "SCAN_EXECUTOR_SECCOMP_PROFILES": "/v/seccomp",
        "SCAN_EXECUTOR_SCANNER_PATH": "/v/a:/v/b", "SCAN_EXECUTOR_STATE_DIR": "/v/state",
        "SCAN_EXECUTOR_FIRST_UID": "70000",
    ]

    private static let file = """
        cgroup_root: /f/cgroup
        enforcement: best-effort
        profiles: /f/profiles
        seccomp_profiles: /f/seccomp
        scanner_path: [/f/a, /f/b]
        state_directory: /f/state
        first_uid: 80000
        require_proof: true
        """

    @Test func theFileBeatsDefaults() throws {
        let settings = try settings(file: Self.file)
        #expect(settings.cgroupRoot == "/f/cgroup" && settings.enforcement == .bestEffort)
        #expect(settings.profileDirectories.first == "/f/profiles")
        #expect(settings.seccompDirectories.first == "/f/seccomp")
        #expect(settings.programDirectories == ["/f/a", "/f/b"])
        #expect(settings.hostSettings.stateDirectory == "/f/state" && settings.hostSettings.firstUID == 80000)
        #expect(settings.requireProof)
        #expect(settings.origins[.stateDirectory]?.description == "/f.yaml:6")
        #expect(settings.hostSettings.caps == HostCaps())
        #expect(try self.settings().hostSettings.caps == nil)
    }

    @Test func variablesBeatTheFileAndOptionsBoth() throws {
        let settings = try settings(HostChoices(cgroupRoot: "/o/cgroup"), Self.variables, file: Self.file)
        #expect(settings.cgroupRoot == "/o/cgroup" && settings.origins[.cgroupRoot] == .option("--cgroup-root"))
        #expect(settings.programDirectories == ["/v/a", "/v/b"])
        #expect(settings.hostSettings.firstUID == 70000)
        #expect(settings.origins[.firstUID] == .variable("SCAN_EXECUTOR_FIRST_UID"))
        #expect(settings.origins[.requireProof] == .file("/f.yaml", line: 8))
        #expect(try self.settings().origins == [:])
        let empty = Self.variables.mapValues { _ in "" }
        #expect(try self.settings(HostChoices(), empty, file: Self.file).cgroupRoot == "/f/cgroup")
    }

    @Test func defaults() throws {
        let settings = try settings()
        #expect(settings.cgroupRoot == nil)
        #expect(settings.enforcement == .require)
        #expect(
            settings.profileDirectories
                == ["/etc/scan-executor/scanners", "/usr/local/share/scan-executor/scanners"])
        #expect(
            settings.seccompDirectories == ["/etc/scan-executor/seccomp", "/usr/local/share/scan-executor/seccomp"])
        #expect(settings.programDirectories == [])
        #expect(settings.hostSettings.stateDirectory == "/run/scan-executor")
        #expect(settings.hostSettings.firstUID == 2_000_000_000)
    }

    @Test func variablesBeatDefaults() throws {
        let settings = try settings(HostChoices(), Self.variables)
        #expect(settings.cgroupRoot == "/v/cgroup")
        #expect(settings.enforcement == .bestEffort)
        #expect(settings.profileDirectories.first == "/v/profiles")
        #expect(settings.seccompDirectories.first == "/v/seccomp")
        #expect(settings.programDirectories == ["/v/a", "/v/b"])
        #expect(settings.hostSettings.stateDirectory == "/v/state")
        #expect(settings.hostSettings.firstUID == 70000)
    }

    @Test func optionsBeatVariables() throws {
        let choices = HostChoices(
            enforcement: .require, cgroupRoot: "/o/cgroup", seccompProfiles: "/o/seccomp", scannerPath: ["/o/a"])
        let settings = try settings(choices, profiles: "/o/profiles", Self.variables)
        #expect(settings.cgroupRoot == "/o/cgroup")
        #expect(settings.enforcement == .require)
        #expect(settings.profileDirectories.first == "/o/profiles")
        #expect(settings.seccompDirectories.first == "/o/seccomp")
        #expect(settings.programDirectories == ["/o/a"])
    }

    @Test func emptyVariablesCountAsNotSet() throws {
        let empty = Self.variables.mapValues { _ in "" }
        #expect(try settings(HostChoices(), empty).enforcement == .require)
    }

    @Test func checkoutIsFoundFromItsBuildDirectory() throws {
        let settings = try settings(executable: "/home/me/project/.build/debug/scan-executor")
        #expect(settings.profileDirectories.last == "/home/me/project/deploy/scanners")
        #expect(settings.seccompDirectories.last == "/home/me/project/deploy/seccomp")
    }
}
