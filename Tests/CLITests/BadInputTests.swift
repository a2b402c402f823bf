import Executor
import Testing

@testable import ScanExecutorCLI

/// Whatever is typed, the answer is a sentence and a status of the contract: never a crash.
@Suite struct BadInputTests {
    static let long = String(repeating: "x", count: 100_000)

    static let wrong: [(Int, [String])] = [
        (64, ["nosuchverb"]), (64, ["--nosuchoption"]), (64, ["scan"]), (64, ["scan", "bandit"]),
        (64, ["scan", "bandit", "/usr", "/extra"]), (64, ["scan", "bandit", "/usr", "--memory"]),
        (64, ["scan", "bandit", "/usr", "--memory", "-1"]), (64, ["scan", "bandit", "/usr", "--memory", "1e9"]),
        (64, ["scan", "bandit", "/usr", "--memory", "99999999999999999999GiB"]),
        (64, ["scan", "bandit", "/usr", "--cpu", "nan"]), (64, ["scan", "bandit", "/usr", "--cpu", "0"]),
        (64, ["scan", "bandit", "/usr", "--pids", "0x10"]), (64, ["scan", "bandit", "/usr", "--wall", "1 m"]),
        (64, ["scan", "bandit", "/usr", "--wall", "1000000h"]), (64, ["scan", "bandit", "/usr", "--cpuset", "9-1"]),
        (64, ["scan", "bandit", "/usr", "--enforcement", "perhaps"]), (64, ["scan", "../etc/passwd", "/usr"]),
        (64, ["scan", "bandit\u{1B}[2J", "/usr"]), (64, ["scan", "", "/usr"]), (78, ["scan", "nosuch", "/usr"]),
        (78, ["scan", "bandit", "/usr", "--scanner-path", "relative"]),
        (64, ["scan", "bandit", "/usr", "--\u{1B}]0;x\u{7}"]),
        (64, [long]), (64, ["scan", long, "/usr"]), (64, ["scan", "bandit", long]), (64, ["--\(long)"]),
        (64, ["profiles", "show"]), (64, ["profiles", "nosuch"]), (78, ["profiles", "show", "nosuch"]),
        (78, ["profiles", "check", "/nonexistent.yaml"]), (78, ["profiles", "check", "/dev/zero"]),
        (64, ["doctor", "extra"]), (64, ["reap", "extra"]), (125, ["exec"]), (125, ["exec", "true"]),
        (125, ["exec", "--"]), (125, ["exec", "--nosuch", "--", "true"]),
        (125, ["exec", "--env", "novalue", "--", "true"]),
        (125, ["exec", "--network", "some", "--", "true"]), (125, ["exec", "--workdir", "relative", "--", "true"]),
        (125, ["exec", "--report", "/nonexistent/file", "--", "true"]),
        (125, ["exec", "--memory", long, "--", "true"]),
    ]

    @Test(arguments: wrong) func isRefusedInOneSentence(_ status: Int, _ arguments: [String]) throws {
        let finished = try Tool.run(arguments)
        #expect(finished.status == Int32(status), "\(finished.stderr.prefix(500))")
        let said = finished.stderr + finished.stdout
        #expect(!said.isEmpty && said.utf8.count < 20_000)
        #expect(!said.contains("\u{1B}") && !said.contains("\u{7}"))
        #expect(!said.contains("Fatal error"))
    }

    @Test(arguments: [
        ("SCAN_EXECUTOR_ENFORCEMENT", "maybe"), ("SCAN_EXECUTOR_FIRST_UID", "0"), ("SCAN_EXECUTOR_FIRST_UID", "x"),
        ("SCAN_EXECUTOR_SCANNER_PATH", "relative/dir"),
    ]) func wrongVariableIsNamed(_ name: String, _ value: String) throws {
        let finished = try Tool.run(["scan", "cppcheck", "/usr"], environment: [name: value])
        #expect(finished.status == 78)
        #expect(finished.stderr.contains(name == "SCAN_EXECUTOR_SCANNER_PATH" ? "scanner path" : name))
    }

    @Test(arguments: [
        [], ["--help"], ["help", "scan"], ["exec", "--help"], ["scan", "--help"], ["profiles"], ["doctor", "--help"],
    ])
    func helpIsNoError(_ arguments: [String]) throws {
        let finished = try Tool.run(arguments)
        #expect(finished.status == 0)
        #expect(finished.stdout.contains("USAGE"))
        #expect(finished.stderr == "")
    }

    @Test(arguments: ["scan", "exec", "profiles show"]) func everyLimitHasAnOption(_ verb: String) throws {
        let help = try Tool.run(verb.split(separator: " ").map(String.init) + ["--help"]).stdout
        for key in LimitOverrides.Key.allCases { #expect(help.contains("\(key.option) <"), "\(key.option)") }
    }

    static let plain: [[String]] = [
        [], ["--quiet"], ["--memory", "1GiB", "--wall=5m", "--env", "A=b", "--env", "C=", "--json"],
        ["--network", "loopback", "--seccomp", "network", "--seccomp-log", "--target", "/usr", "--workdir", "/src"],
        [
            "--config", "/f", "--enforcement", "best-effort", "--cgroup-root", "/a", "--seccomp-profiles", "/b",
            "--scanner-path", "/c",
        ],
        ["--output", "/d", "--report", "/e", "--cpu-time", "1s", "--memory-high", "1MiB"],
        ["--cpu=1", "--pids=3", "--grace", "0s", "--scanner-path=/a", "--scanner-path", "/b"],
    ]

    @Test(arguments: plain) func quickReadingAgreesWithTheParser(_ words: [String]) throws {
        let quick = try #require(ExecOptions(quickly: words[...]))
        let parsed = try #require(try ScanExecutor.parseAsRoot(["exec"] + words) as? ExecCommand)
        #expect(quick == parsed.options)
    }

    @Test(arguments: [
        ["--help"], ["-h"], ["--memory"], ["--network", "x"], ["--enforcement", "x"], ["word"], ["--nosuch", "1"],
        ["--json=1"], ["--quiet=yes"], ["--memory", "--json"], ["-q"],
    ]) func quickReadingLeavesTheRestToTheParser(_ words: [String]) {
        #expect(ExecOptions(quickly: words[...]) == nil)
    }
}
