import Glibc
import SystemSupport
import Testing

@testable import Executor
@testable import ScanExecutorCLI

extension SandboxTests {
    @Suite struct AuditVerifyTests {
        @Test func runsAreRecordedAndVerified() throws {
            let workspace = try Workspace()
            try workspace.scanner("clean", "exit 0")
            let audit = "\(workspace.path)/audit"
            let scan = try Tool.run(
                "scan", "clean", workspace.target, "--profiles", workspace.profiles, "--audit-dir", audit, "--json")
            #expect(scan.status == 0, "\(scan.stderr)")
            let exec = try Tool.run("exec", "--audit-dir", audit, "--", "sh", "-c", "exit 3")
            #expect(exec.status == 3, "\(exec.stderr)")
            #expect(try Tool.run("exec", "--no-audit", "--", "true", environment: Self.at(audit)).status == 0)
            let off = Self.at(audit).merging(["SCAN_EXECUTOR_AUDIT": "off"]) { $1 }
            #expect(try Tool.run("exec", "--", "true", environment: off).status == 0)

            let lines = try #require(workspace.text("audit/audit-00000000000000000001.jsonl")).split(separator: "\n")
            #expect(lines.count == 2)
            // The record is the report that was printed, and one member more.
            let printed = scan.stdout.split(separator: "\n")[0].dropLast()
            #expect(lines[0].hasPrefix(printed), "\(printed)\n\(lines[0])")
            #expect(lines[0].contains("\"target\":\"\(workspace.target)\"") && lines[1].contains("\"exit_code\":3"))

            let intact = try Tool.run("audit", "verify", "--audit-dir", audit)
            #expect(intact.status == 0 && intact.stdout.contains("intact: 2 records in 1 files"), "\(intact)")
            let newest = try #require(intact.stdout.split(separator: "\n").last?.split(separator: " ").last)
            #expect(
                try Tool.run("audit", "verify", "--expect", String(newest), environment: Self.at(audit)).status == 0)
            let other = "1:" + String(repeating: "0", count: 64)
            let unexpected = try Tool.run("audit", "verify", "--audit-dir", audit, "--expect", other)
            #expect(unexpected.status == 1 && unexpected.stdout.contains("not the one that was noted"), "\(unexpected)")

            let changed = lines.joined(separator: "\n").replacing("exit_code\":3", with: "exit_code\":0") + "\n"
            try workspace.write(changed, to: "audit/audit-00000000000000000001.jsonl")
            let broken = try Tool.run("audit", "verify", "--audit-dir", audit, "--json")
            #expect(broken.status == 1 && broken.stdout.contains(#""intact":false"#), "\(broken)")
        }

        @Test(arguments: [
            ["audit", "verify", "--expect", "junk"], ["audit", "verify", "--begins-after", "1:xyz"],
            ["audit", "verify", "extra"],
        ])
        func wrongUsageIs64(arguments: [String]) throws {
            #expect(try Tool.run(arguments).status == 64)
        }

        @Test func whereThereIsNoAuditItSaysSo() throws {
            let none = try Tool.run("audit", "verify", "--audit-dir", "/nonexistent")
            #expect(none.status == 69 && none.stderr.contains("--audit-dir"), "\(none)")
            let relative = try Tool.run("audit", "verify", "--audit-dir", "audit")
            #expect(relative.status == 78 && relative.stderr.contains("absolute"), "\(relative)")
        }

        @Test func aPlaceThatCannotBeWrittenStopsTheRunWithAChoice() throws {
            let workspace = try Workspace()
            try workspace.scanner("clean", "exit 0")
            for place in ["/proc/audit", "\(workspace.path)/target/file.txt"] {
                let refused = try Tool.run(
                    "scan", "clean", workspace.target, "--profiles", workspace.profiles, "--audit-dir", place)
                #expect(refused.status == 69, "\(refused)")
                #expect(refused.stderr.contains("--audit-dir") && refused.stderr.contains("--no-audit"), "\(refused)")
                #expect(try Tool.run("exec", "--audit-dir", place, "--", "true").status == 125)
            }
            let both = try Tool.run("exec", "--audit-dir", "/tmp/x", "--no-audit", "--", "true")
            #expect(both.status == 125 && both.stderr.contains("contradict"), "\(both)")
        }

        private static func at(_ directory: String) -> [String: String] { ["SCAN_EXECUTOR_AUDIT_DIR": directory] }
    }
}

@Suite struct AuditSettingsTests {
    private func audit(
        _ choices: HostChoices, _ variables: [String: String], file yaml: String? = nil
    ) throws -> String? {
        let configuration = try yaml.map { try ExecutorConfiguration(yaml: Array($0.utf8), file: "/f.yaml") }
        return try OperatorSettings(
            choices, environment: { variables["\($0)"] }, configuration: configuration, executable: "/usr/bin/x"
        ).audit?.directory
    }

    @Test func aVariableBeatsTheConfiguration() throws {
        let file = "audit: {enabled: false, directory: /f, rotate_bytes: 2MiB, sync: false}\n"
        #expect(try audit(HostChoices(), [:], file: file) == nil)
        #expect(try audit(HostChoices(), ["SCAN_EXECUTOR_AUDIT": "on"], file: file) == "/f")
        #expect(
            try audit(HostChoices(), ["SCAN_EXECUTOR_AUDIT": "on", "SCAN_EXECUTOR_AUDIT_DIR": "/v"], file: file) == "/v"
        )
        let read = try ExecutorConfiguration(yaml: Array(file.utf8), file: "/f.yaml")
        let settings = try OperatorSettings.audit(
            HostChoices(), { ["SCAN_EXECUTOR_AUDIT": "on"][$0] }, read.audit)
        #expect(settings == AuditSettings(directory: "/f", rotateBytes: 2 << 20, sync: .never))
    }

    @Test func anOptionBeatsAVariableAndThatTheDefault() throws {
        var option = HostChoices()
        option.auditDirectory = "/o"
        var none = HostChoices()
        none.noAudit = true
        let variable = ["SCAN_EXECUTOR_AUDIT_DIR": "/v"]
        let off = ["SCAN_EXECUTOR_AUDIT": "off"]
        #expect(try audit(HostChoices(), [:]) == "/var/lib/scan-executor/audit")
        #expect(
            try audit(HostChoices(), ["SCAN_EXECUTOR_AUDIT_DIR": "", "SCAN_EXECUTOR_AUDIT": ""])
                == "/var/lib/scan-executor/audit")
        #expect(try audit(HostChoices(), variable) == "/v")
        #expect(try audit(option, variable) == "/o" && audit(option, off) == "/o")
        #expect(try audit(none, variable) == nil && audit(HostChoices(), off) == nil)
        #expect(try audit(HostChoices(), ["SCAN_EXECUTOR_AUDIT": "on"]) != nil)
        #expect(throws: SettingsError.self) { try audit(HostChoices(), ["SCAN_EXECUTOR_AUDIT": "no"]) }
        option.noAudit = true
        #expect(throws: SettingsError.self) { try audit(option, [:]) }
    }

    @Test func execsQuickReaderTakesTheSameOptions() throws {
        let quick = try #require(ExecOptions(quickly: ["--audit-dir", "/a", "--no-audit"]))
        #expect(quick.host.auditDirectory == "/a" && quick.host.noAudit)
    }
}
