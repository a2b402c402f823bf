import Glibc
import SystemSupport
import Testing

@Suite struct ProfilesTests {
    private func profiles(_ arguments: String..., in workspace: Workspace) throws -> Tool.Finished {
        try Tool.run(["profiles"] + arguments + ["--profiles", workspace.profiles])
    }

    @Test func listHasEveryProfile() throws {
        let workspace = try Workspace()
        try workspace.scanner("tool", "exit 0")
        let finished = try profiles("ls", in: workspace)
        #expect(finished.status == 0)
        for name in ["tool", "bandit", "cppcheck", "flawfinder", "semgrep", "shellcheck"] {
            #expect(finished.stdout.contains("\(name) "), "\(name)")
        }
        let json = try profiles("ls", "--json", in: workspace).stdout
        #expect(json.contains("{\"name\":\"tool\",\"file\":\"\(workspace.profiles)/tool.yaml\",\"installed\":true,"))
    }

    @Test func showSaysWhereEachLimitComesFrom() throws {
        let workspace = try Workspace()
        try workspace.scanner("tool", "exit 0")
        let finished = try profiles("show", "tool", "--memory", "48MiB", in: workspace)
        #expect(finished.status == 0)
        let words = finished.stdout.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        for line in [
            "memory 48MiB (option)", "pids 16 (profile \(workspace.profiles)/tool.yaml:4)", "swap 0B (default)",
            "exit clean 0", "seccomp default",
        ] {
            #expect(words.contains(line), "\(line)")
        }
        let json = try profiles("show", "tool", "--json", in: workspace).stdout
        #expect(json.contains("\"pids\":{\"value\":\"16\",\"source\":\"profile\","))
    }

    @Test func checkNamesFileLineAndKeyOfEveryProblem() throws {
        let workspace = try Workspace()
        try workspace.write(
            "name: broken\ncommand: [tool]\nexit_codes: {clean: [0]}\nlimits: {cpu: 1, memory: 512, pids: 16}\ndeadlines: {wall: 1}\ntpyo: 1\n",
            to: "profiles/broken.yaml")
        let finished = try profiles("check", "broken", in: workspace)
        #expect(finished.status == 78)
        let file = "\(workspace.profiles)/broken.yaml"
        for start in ["\(file):4: limits.memory: ", "\(file):5: deadlines.wall: ", "\(file):6: tpyo"] {
            #expect(finished.stdout.contains(start), "\(finished.stdout)")
        }
        #expect(
            try profiles("check", "broken", "--json", in: workspace).stdout.contains(
                "\"line\":4,\"key\":\"limits.memory\""))
        #expect(try Tool.run("profiles", "check").status == 0)
    }

    @Test func checkLooksAtTheSeccompProfileToo() throws {
        let workspace = try Workspace()
        try workspace.scanner("tool", "exit 0")
        try workspace.write(
            try #require(workspace.text("profiles/tool.yaml")) + "seccomp: nosuch\n", to: "profiles/tool.yaml")
        let finished = try profiles("check", "tool", in: workspace)
        #expect(finished.status == 78)
        #expect(finished.stdout.contains("seccomp"))
    }

    @Test(arguments: ["huge", "alias", "binary", "directory", "fifo"]) func hostileFileIsOneError(_ kind: String) throws
    {
        let workspace = try Workspace()
        let file = "profiles/\(kind).yaml"
        switch kind {
        case "huge": try workspace.write(String(repeating: "a: [1, 2]\n", count: 1 << 20), to: file)
        case "alias":
            try workspace.write(
                "a: &a [x, x]\n" + (0..<20).map { "b\($0): &b\($0) [*a, *a, *a, *a]\n" }.joined(), to: file)
        case "binary": try workspace.write("\u{0}\u{1}\u{1B}[2J", to: file)
        case "directory": mkdir("\(workspace.path)/\(file)", 0o755)
        default: mkfifo("\(workspace.path)/\(file)", 0o644)
        }
        for arguments in [["profiles", "check", kind], ["profiles", "show", kind], ["scan", kind, workspace.target]] {
            let finished = try Tool.run(arguments + ["--profiles", workspace.profiles])
            #expect(finished.status == 78, "\(arguments): \(finished.stderr)")
            #expect(!(finished.stdout + finished.stderr).contains("\u{1B}"))
        }
    }
}
