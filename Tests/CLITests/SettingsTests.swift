import Testing

@testable import ScanExecutorCLI

/// An option beats its variable, a variable beats the default.
@Suite struct SettingsTests {
    private func settings(
        _ choices: HostChoices = HostChoices(), profiles: String? = nil, _ variables: [String: String] = [:],
        executable: String = "/usr/local/bin/scan-executor"
    ) throws -> OperatorSettings {
        try OperatorSettings(
            choices, profiles: profiles, environment: { variables["\($0)"] }, executable: executable)
    }

    private static let variables = [
        "SCAN_EXECUTOR_CGROUP_ROOT": "/v/cgroup", "SCAN_EXECUTOR_ENFORCEMENT": "best-effort",
        "SCAN_EXECUTOR_PROFILES": "/v/profiles", "SCAN_EXECUTOR_SECCOMP_PROFILES": "/v/seccomp",
        "SCAN_EXECUTOR_SCANNER_PATH": "/v/a:/v/b", "SCAN_EXECUTOR_STATE_DIR": "/v/state",
        "SCAN_EXECUTOR_FIRST_UID": "70000",
    ]

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
