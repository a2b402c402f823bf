import Glibc
import Testing

@testable import Executor

/// What can be wrong with a profile, and the sentence that says so: line, key, what was found, what would be right.
@Suite struct ProfileBadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var yaml: String
        var problem: String
        var testDescription: String { problem }

        /// One more line below the minimal profile, which has five.
        static func added(_ line: String, _ problem: String) -> Case {
            Case(yaml: minimalProfile + line + "\n", problem: "6 " + problem)
        }

        static func limits(_ limits: String, _ problem: String) -> Case {
            Case(yaml: minimalProfile.replacingLimits(limits), problem: "4 " + problem)
        }
    }

    static let cases: [Case] = [
        Case(yaml: minimalProfile.without("name"), problem: "1 name: missing; write for example name: bandit"),
        Case(yaml: minimalProfile.without("command"), problem: "1 command: missing"),
        Case(yaml: minimalProfile.without("exit_codes"), problem: "1 exit_codes: missing"),
        Case(yaml: minimalProfile.without("limits"), problem: "1 limits: missing"),
        Case(yaml: minimalProfile.without("deadlines"), problem: "1 deadlines: missing"),
        .limits("{cpu: 1, memory: 64MiB}", "limits.pids: missing; write for example pids: 128"),
        .added("memmory: 1GiB", "memmory: unknown key; the keys here are name, description, command"),
        .limits(
            "{cpu: 1, memory: 64MiB, pids: 8, ram: 1GiB}",
            "limits.ram: unknown key; the keys here are cpu, cpu_weight, memory"),
        Case(yaml: minimalProfile + "name: other\n", problem: "1 name: the key is given more than once, first here"),
        .limits(
            "{cpu: 1, memory: 512, pids: 8}",
            "limits.memory: \"512\" is not a size: write a number with B, KiB, MiB, GiB or TiB"),
        .limits("{cpu: 1, memory: 512MB, pids: 8}", "limits.memory: \"512MB\" is not a size"),
        .limits("{cpu: 1, memory: -1MiB, pids: 8}", "limits.memory: \"-1MiB\" is not a size"),
        .limits("{cpu: 1, memory: 9000000000TiB, pids: 8}", "limits.memory: \"9000000000TiB\" is not a size"),
        .limits("{cpu: 1, memory: 1MiB, pids: 8}", "limits.memory: 1MiB is below the least useful value, 4MiB"),
        .limits("{cpu: 1, memory: [64MiB], pids: 8}", "limits.memory: expected one value"),
        .limits("{cpu: 1, memory: , pids: 8}", "limits.memory: expected one value"),
        .limits("{cpu: 0, memory: 64MiB, pids: 8}", "limits.cpu: \"0\" is not a number of cores"),
        .limits(
            "{cpu: 150%, memory: 64MiB, pids: 8}", "limits.cpu: \"150%\" is not a number of cores: write 2, or 1.5"),
        .limits("{cpu: 0.001, memory: 64MiB, pids: 8}", "limits.cpu: 0.001 cores is below 0.01"),
        .limits("{cpu: 1, memory: 64MiB, pids: 0}", "limits.pids: 0 is outside 2 to 4194304"),
        .limits("{cpu: 1, memory: 64MiB, pids: many}", "limits.pids: \"many\" is not a count"),
        .limits(
            "{cpu: 1, memory: 64MiB, pids: 99999999999999999999999}",
            "limits.pids: \"99999999999999999999999\" is not a count"),
        .limits(
            "{cpu: 1, memory: 64MiB, memory_high: 64MiB, pids: 8}",
            "limits.memory_high: 64MiB must be below limits.memory"),
        .limits("{cpu: 1, memory: 64MiB, pids: 8, tmp: 65MiB}", "limits.tmp: 65MiB can never be used"),
        .limits(
            "{cpu: 1, memory: 512MiB, pids: 8, file_size: 65MiB}",
            "limits.file_size: 65MiB is more than /tmp (64MiB) and /out"),
        .limits("{cpu: 1, memory: 64MiB, pids: 8, cpuset: 3-1}", "limits.cpuset: \"3-1\" is not a set of processors"),
        .limits(
            "{cpu: 1, memory: 64MiB, pids: 8, cpu_weight: 10001}", "limits.cpu_weight: 10001 is outside 1 to 10000"),
        .limits(
            "{cpu: 1, memory: 64MiB, pids: 8, io: {read: 5MiB}}",
            "limits.io.read: \"5MiB\" is not a rate: write a size a second"),
        .limits(
            "{cpu: 1, memory: 64MiB, pids: 8, io: {device: sda, read: 5MiB/s}}",
            "limits.io.device: \"sda\" is not a device"),
        .limits("{cpu: 1, memory: 64MiB, pids: 8, io: {}}", "limits.io: limits nothing"),
        .limits(
            "{cpu: 1, memory: 64MiB, pids: 8, oom_group: maybe}",
            "limits.oom_group: \"maybe\" is neither true nor false"),
        .limits("{cpu: 1, pids: 8, memory: 64MiB, pids: 9}", "pids: the key is given more than once, first here"),
        Case(
            yaml: minimalProfile.without("deadlines") + "deadlines: {wall: 600}\n",
            problem: "5 deadlines.wall: \"600\" is not a duration: write a number with ms, s, m or h, such as 30s"),
        Case(
            yaml: minimalProfile.without("deadlines") + "deadlines: {wall: 0s}\n",
            problem: "5 deadlines.wall: 0s is outside 100ms to 168h"),
        Case(
            yaml: minimalProfile.without("deadlines") + "deadlines: {wall: 1m, grace: 1h}\n",
            problem: "5 deadlines.grace: 1h is outside 0s to 10m"),
        Case(yaml: minimalProfile.without("command") + "command: []\n", problem: "5 command: the command is empty"),
        Case(yaml: minimalProfile.without("command") + "command: tool -r\n", problem: "5 command: expected a list"),
        Case(
            yaml: minimalProfile.without("command") + "command: [tool, {a: b}]\n",
            problem: "5 command: expected a list of plain values"),
        Case(
            yaml: minimalProfile.without("command") + "command: [bin/tool]\n",
            problem: "5 command: \"bin/tool\" is neither a program's name"),
        Case(
            yaml: minimalProfile.without("command") + "command: [tool, \"{tagret}\"]\n",
            problem: "5 command: unknown placeholder \"{tagret}\"; there are {target} and {output}"),
        Case(
            yaml: minimalProfile.without("command") + "command: [tool, \"{target\"]\n",
            problem: "5 command: \"{target\" has { without }"),
        Case(
            yaml: minimalProfile.without("command") + "command: [tool, \"a}\"]\n",
            problem: "5 command: \"a}\" has } without {"),
        Case(
            yaml: minimalProfile.without("exit_codes") + "exit_codes: {clean: [0], findings: [0-1]}\n",
            problem: "5 exit_codes.findings: 0 is already listed under clean"),
        Case(
            yaml: minimalProfile.without("exit_codes") + "exit_codes: {clean: [256]}\n",
            problem: "5 exit_codes.clean: \"256\" is not an exit code"),
        Case(
            yaml: minimalProfile.without("exit_codes") + "exit_codes: {clean: 0}\n",
            problem: "5 exit_codes.clean: expected a list"),
        Case(
            yaml: minimalProfile.without("exit_codes") + "exit_codes: {findings: [1]}\n",
            problem: "5 exit_codes.clean: no exit code means clean"),
        .added(
            "report: {path: ../x, format: sarif}", "report.path: \"../x\" must be a file below the output directory"),
        .added("report: {path: /etc/passwd, format: sarif}", "report.path: \"/etc/passwd\" must be a file below"),
        .added("report: {path: a//b, format: sarif}", "report.path: \"a//b\" must be a file below"),
        .added(
            "report: {path: r.json, format: json}", "report.format: \"json\" is no known format; there are bandit-json"),
        .added("environment: {1A: x}", "environment: \"1A\" is no variable name"),
        .added("environment: {\"A=B\": x}", "environment: \"A=B\" is no variable name"),
        .added("environment: {A: \"x\\0y\"}", "a value contains NUL"),
        .added("environment: {A: [x]}", "environment.A: expected one value"),
        .added("read_only_paths: [opt/x]", "read_only_paths: \"opt/x\" must be an absolute path"),
        .added("read_only_paths: [/opt/../etc]", "read_only_paths: \"/opt/../etc\" must be an absolute path"),
        .added("read_only_paths: [/]", "read_only_paths: / would show the scanner the whole host"),
        .added("read_only_paths: [/proc]", "read_only_paths: \"/proc\": /proc is the kernel's"),
        .added("read_only_paths: [/sys/fs/cgroup]", "read_only_paths: \"/sys/fs/cgroup\": /sys is the kernel's"),
        .added("read_only_paths: [/dev/sda]", "read_only_paths: \"/dev/sda\": /dev is the kernel's"),
        .added(
            "read_only_paths: [/tmp/x]",
            "read_only_paths: \"/tmp/x\" lies in the sandbox's own /tmp; give it another place"),
        .added("read_only_paths: [/opt/x, /opt/x]", "read_only_paths: /opt/x is given more than once"),
        .added("seccomp: ../default", "seccomp: \"../default\" is no name of a seccomp profile"),
        .added("network: full", "network: \"full\" is none of none, loopback, host"),
        .added("working_directory: /root", "working_directory: \"/root\" must lie in /src, /out, /tmp"),
        Case(yaml: minimalProfile.without("name") + "name: Tool\n", problem: "5 name: \"Tool\" is no profile name"),
        Case(
            yaml: minimalProfile.without("name") + "name: ../tool\n", problem: "5 name: \"../tool\" is no profile name"),
        .added("description: &a text", "anchors (&) and aliases (*) are not accepted"),
        .added("description: !ruby/object text", "tags (\"!ruby/object\") are not accepted"),
        .added("---\nname: second", "a profile is one document, and here a second begins"),
        Case(yaml: minimalProfile + "description: [\n", problem: "7 not YAML:"),
        .added("description: \"a\u{1b}[2J\"", "control character 0x1b is not allowed in a profile"),
        Case(yaml: "", problem: "- the file is empty"),
        Case(yaml: "# nothing\n", problem: "- the file is empty"),
        Case(yaml: "[name, tool]", problem: "1 expected a mapping with name, description, command"),
        Case(yaml: "name: a\0b", problem: "1 control character 0x0"),
    ]

    @Test(arguments: cases)
    func wrongProfilesAreRefusedWithLineAndKey(_ wrong: Case) {
        let found = problems(wrong.yaml)
        #expect(found.contains { $0.hasPrefix(wrong.problem) }, "\(found)")
    }

    @Test func theControlIsAccepted() {
        #expect(problems(minimalProfile) == [])
    }

    @Test func allProblemsAreReportedAtOnceInTheOrderOfTheFile() {
        let found = problems("name: Tool\ncommand: []\nlimits:\n  cpu: 0\n  memory: 5\n  pids: 1\nnetwork: x\n")
        #expect(
            found.map { $0.prefix { $0 != ":" } } == [
                "1 name", "1 exit_codes", "1 deadlines", "2 command", "4 limits.cpu", "5 limits.memory",
                "6 limits.pids", "7 network",
            ])
    }

    @Test func theErrorNamesFileLineAndKey() {
        let error = #expect(throws: ProfileError.self) {
            try ScannerProfile(
                yaml: Array(minimalProfile.replacingLimits("{cpu: 1, memory: 5, pids: 9}").utf8), file: "/etc/tool.yaml"
            )
        }
        #expect(error?.description.hasPrefix("/etc/tool.yaml:4: limits.memory: \"5\" is not a size") == true)
        #expect(error?.code == .invalid)
    }

    @Test func bytesThatAreNoUTF8AreRefusedWithTheirLine() {
        #expect(problems(Array("name: x\n".utf8) + [0x23, 0xFF, 0x0A]) == ["2 the file is not UTF-8"])
    }

    @Test func aliasesThatExplodeAreRefusedBeforeTheyAreExpanded() {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...40 {
            bomb += "a\(level): &a\(level) [\((0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ","))]\n"
        }
        bomb += "? *a40\n: *a40\n"
        #expect(problems(bomb) == ["2 more than 8 words begin with *, as YAML aliases do; aliases are not accepted"])
        #expect(problems("a: &a [x]\nb: *a\n") == ["1 anchors (&) and aliases (*) are not accepted"])
        #expect(problems("a: &a [*a]\n").first?.hasPrefix("1 not YAML") == true)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[{"])
    func deepNestingIsRefusedAndDoesNotOverflowTheStack(_ opening: String) {
        let found = problems(String(repeating: opening, count: 200_000 / opening.utf8.count))
        #expect(found.count == 1)
        let closing = problems("a: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900))
        #expect(closing.first?.contains("nested deeper than 16 levels") == true)
    }

    @Test func aLargeFileIsRefusedUnparsed() {
        #expect(
            problems(Array(repeating: UInt8(ascii: "#"), count: 10 << 20)) == [
                "- the file has 10485760 bytes; a profile has at most 262144"
            ])
        // As large as it may be, and nothing but keys: still refused in no time.
        #expect(problems((0..<20_000).map { "k\($0): 1\n" }.joined()).count > 20_000)
    }

    @Test func shellTextWithStarsIsNoAlias() {
        let yaml =
            minimalProfile.without("command")
            + "command:\n  - sh\n  - -c\n  - |\n    find . -name '*.sh' && ls * *.c && a=$((2 *b))\n"
        #expect(problems(yaml) == [])
    }

    @Test func hostileTextInAProfileReachesTheTerminalEscaped() {
        let error = #expect(throws: ProfileError.self) {
            try ScannerProfile(yaml: Array("\"\\e[2J\": 1".utf8), file: "/etc/tool.yaml")
        }
        #expect(error?.description.unicodeScalars.contains("\u{1b}") == false)
    }
}
