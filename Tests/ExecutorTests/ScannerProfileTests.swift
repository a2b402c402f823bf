import CgroupV2
import SystemSupport
import Testing

@testable import Executor

@Suite struct ScannerProfileTests {
    @Test func minimalProfileHasTheDocumentedDefaults() throws {
        let profile = try ScannerProfile(yaml: Array(minimalProfile.utf8), file: "/etc/tool.yaml")
        #expect(profile.name == "tool")
        #expect(profile.limits.cpu.millicores == 1500)
        #expect(profile.limits.memory == .mebibytes(512))
        #expect(profile.limits.memoryHigh == nil)
        #expect(profile.limits.swap.bytes == 0)
        #expect(profile.limits.oomGroup)
        #expect(profile.limits.tmp == .mebibytes(64))
        #expect(profile.limits.out == .mebibytes(64))
        #expect(profile.limits.printed == .mebibytes(16))
        #expect(profile.limits.openFiles == 1024)
        #expect(profile.limits.io == [])
        #expect(profile.deadlines == Deadlines(wall: .seconds(600), cpu: nil, grace: .seconds(5)))
        #expect(profile.network == .none)
        #expect(profile.seccomp == "default")
        #expect(profile.workingDirectory == "/src")
        #expect(profile.report == nil)
        #expect(profile.sha256 == SHA256.hex(SHA256.digest(minimalProfile.utf8)))
    }

    @Test func everyKeyIsRead() throws {
        let yaml = """
            name: tool
            description: A tool
            command: [/opt/tool/bin/tool, --out, "{output}/r.json", "--in={target}", "a{{b}}"]
            version: [tool, --version]
            exit_codes: {clean: [0], findings: [1, 10-12], transient: [75], critical: [2, 78]}
            report: {path: sub/r.json, format: sarif}
            limits:
              cpu: 0.25
              cpu_weight: 50
              memory: 1GiB
              memory_high: 896MiB
              swap: 16MiB
              oom_group: false
              pids: 128
              cpuset: "0-1,4"
              io: {read: 50MiB/s, write_operations: 100/s}
              tmp: 256MiB
              tmp_inodes: 1000
              out: 32MiB
              out_inodes: 100
              open_files: 256
              file_size: 16MiB
              printed: 1MiB
            deadlines: {wall: 90s, cpu: 2m, grace: 250ms}
            environment: {LANG: C.UTF-8, N: 1, EMPTY: "", A_b3: yes}
            read_only_paths: [/opt/tool, {host: "{profile_dir}/rules", sandbox: /opt/rules}]
            seccomp: strict
            network: loopback
            working_directory: /tmp
            """
        let profile = try ScannerProfile(yaml: Array(yaml.utf8), file: "/etc/scanners/tool.yaml")
        #expect(
            profile.command.expanded(target: "/src", output: "/out")
                == ["/opt/tool/bin/tool", "--out", "/out/r.json", "--in=/src", "a{b}"])
        #expect(profile.exitCodes[11] == .findings)
        #expect(profile.exitCodes[78] == .critical)
        #expect(profile.exitCodes[75] == .transient)
        #expect(profile.exitCodes[137] == nil)
        #expect(profile.exitCodes.codes(.findings) == [1, 10, 11, 12])
        #expect(profile.report == ScannerProfile.Report(path: "sub/r.json", format: .sarif))
        #expect(profile.limits.cpuWeight == 50)
        #expect(profile.limits.memoryHigh == .mebibytes(896))
        #expect(profile.limits.cpuset?.description == "0-1,4")
        #expect(profile.limits.io == [IOLimit(readBytes: .mebibytes(50), writeOperations: 100)])
        #expect(profile.limits.fileSize == .mebibytes(16))
        #expect(!profile.limits.oomGroup)
        #expect(profile.deadlines == Deadlines(wall: .seconds(90), cpu: .seconds(120), grace: .milliseconds(250)))
        #expect(profile.environment == ["LANG": "C.UTF-8", "N": "1", "EMPTY": "", "A_b3": "yes"])
        #expect(profile.readOnlyPaths.map(\.host) == ["/opt/tool", "/etc/scanners/rules"])
        #expect(profile.readOnlyPaths.map(\.sandbox) == ["/opt/tool", "/opt/rules"])
        #expect(profile.network == .loopback)
        #expect(profile.workingDirectory == "/tmp")
    }

    @Test func ioLimitsMayNameTheirDevices() throws {
        let yaml = minimalProfile.replacingLimits(
            "{cpu: 1, memory: 64MiB, pids: 8, io: [{device: \"8:16\", read: 1MiB/s}, {device: /dev/sdb, write: 2MiB/s}]}"
        )
        let profile = try ScannerProfile(yaml: Array(yaml.utf8), file: "/etc/tool.yaml")
        #expect(profile.limits.io.map(\.device) == [.number(major: 8, minor: 16), .path("/dev/sdb")])
    }

    @Test(arguments: [("0", "0"), ("3,1,0", "0-1,3"), ("0-2,2-5", "0-5"), ("8191", "8191")])
    func processorSetsAreReadAndWrittenAsTheKernelDoes(text: String, canonical: String) {
        #expect(CPUList(parsing: text)?.description == canonical)
    }

    @Test(arguments: ["", "a", "1-", "-1", "2-1", "0,,1", "8192", "0 1"])
    func wrongProcessorSetsAreRefused(text: String) {
        #expect(CPUList(parsing: text) == nil)
    }
}

extension String {
    /// The minimal profile with other limits.
    func replacingLimits(_ limits: String) -> String {
        split(separator: "\n").map { $0.hasPrefix("limits:") ? "limits: \(limits)" : String($0) }.joined(
            separator: "\n") + "\n"
    }

    /// The same without the line that begins so.
    func without(_ key: String) -> String {
        split(separator: "\n").filter { !$0.hasPrefix(key) }.joined(separator: "\n") + "\n"
    }
}
