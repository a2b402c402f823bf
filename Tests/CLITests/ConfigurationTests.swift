import Glibc
import SystemSupport
import Testing

@testable import Executor
@testable import ScanExecutorCLI

/// The configuration as the tool finds and uses it.
@Suite struct ConfigurationTests {
    /// `config.yaml` in a workspace with the scanner `tool` (64MiB, 16 processes), and its path.
    private func workspace(_ yaml: String, maximum: String = "") throws -> (Workspace, String) {
        let workspace = try Workspace()
        try workspace.scanner("tool", "exit 0")
        if !maximum.isEmpty {
            try workspace.write(
                try #require(workspace.text("profiles/tool.yaml")) + maximum, to: "profiles/tool.yaml")
        }
        try workspace.write(yaml, to: "config.yaml")
        return (workspace, "\(workspace.path)/config.yaml")
    }

    private func words(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test func showSaysWhichFileSetEachLimit() throws {
        let (workspace, file) = try workspace(
            "profiles: PLACE\ncaps: {memory: 1GiB}\nscanners:\n  tool:\n    limits: {memory: 96MiB}\n    maximum: {wall: 2h}\n    caps: {pids: 40}\n"
        )
        try workspace.write(
            try #require(workspace.text("config.yaml")).replacing("PLACE", with: workspace.profiles), to: "config.yaml")
        let profile = "\(workspace.profiles)/tool.yaml"
        let shown = try Tool.run("profiles", "show", "tool", "--config", file, "--pids", "8")
        #expect(shown.status == 0, "\(shown.stderr)")
        let lines = words(shown.stdout)
        for line in [
            "configuration \(file)", "memory 96MiB (configuration \(file):5)", "pids 8 (option)",
            "wall 60s (profile \(profile):5), at most 7200s (configuration \(file):6)", "swap 0B (default)",
            "cap memory 1GiB for all scans together (configuration \(file):2)",
            "cap pids 40 for all tool scans together (configuration \(file):7)",
        ] { #expect(lines.contains(line), "\(line) in \(shown.stdout)") }
        let json = try Tool.run(
            "profiles", "show", "tool", "--json", environment: ["SCAN_EXECUTOR_CONFIG": file]
        ).stdout
        for part in [
            "\"configuration\":\"\(file)\"",
            "\"memory\":{\"value\":\"96MiB\",\"source\":\"configuration\",\"source_file\":\"\(file)\",\"source_line\":5,",
            "\"maximum\":{\"value\":\"7200s\",\"kind\":\"maximum\",\"source\":\"configuration\",\"source_file\":\"\(file)\",\"source_line\":6}",
            "\"caps\":{\"type\":{\"pids\":{\"value\":\"40\",",
        ] { #expect(json.contains(part), "\(part) in \(json)") }
    }

    @Test func anOptionNamesAnotherConfigurationThanTheVariable() throws {
        let (workspace, first) = try workspace("scanners: {tool: {limits: {pids: 10}}}\n")
        try workspace.write("scanners: {tool: {limits: {pids: 11}}}\n", to: "other.yaml")
        func pids(_ options: String..., variable: String) throws -> String? {
            let shown = try Tool.run(
                ["profiles", "show", "tool", "--profiles", workspace.profiles] + options,
                environment: ["SCAN_EXECUTOR_CONFIG": variable])
            return words(shown.stdout).first { $0.hasPrefix("pids ") }
        }
        #expect(try pids(variable: first) == "pids 10 (configuration \(first):1)")
        let other = "\(workspace.path)/other.yaml"
        #expect(try pids("--config", other, variable: first) == "pids 11 (configuration \(other):1)")
        // An empty variable names nothing.
        #expect(try pids(variable: "")?.hasPrefix("pids 16 (profile ") == true)
    }

    @Test(arguments: ["scan", "exec", "doctor", "reap", "profiles ls", "profiles show", "profiles check"])
    func aNamedConfigurationThatIsNotThereIsAnError(_ verb: String) throws {
        let words = verb.split(separator: " ").map(String.init)
        var arguments = words + ["--config", "/nonexistent/config.yaml"]
        switch verb {
        case "scan": arguments += ["bandit", "/usr"]
        case "exec": arguments += ["--", "true"]
        case "profiles show": arguments += ["bandit"]
        default: break
        }
        let finished = try Tool.run(arguments)
        #expect(finished.status == (verb == "exec" ? 125 : 78), "\(finished)")
        let said = finished.stdout + finished.stderr
        #expect(said.contains("/nonexistent/config.yaml: there is no such file"), "\(said)")
    }

    @Test func tooMuchAndTooLittleNameBothValuesAndWhoSetThem() throws {
        let (workspace, file) = try workspace(
            "scanners:\n  tool:\n    maximum: {memory: 128MiB}\n", maximum: "minimum: {memory: 32MiB}\n")
        func scan(_ options: String...) throws -> Tool.Finished {
            try Tool.run(
                ["scan", "tool", workspace.target, "--profiles", workspace.profiles, "--config", file] + options)
        }
        let much = try scan("--memory", "256MiB")
        #expect(much.status == 64)
        #expect(
            much.stderr
                == "scan-executor: tool: --memory: 256MiB is over the maximum of tool, 128MiB (configuration \(file):3): ask for "
                + "less, or have it raised there\n")
        let little = try scan("--memory", "24MiB", "--pids", "17")
        #expect(little.status == 64)
        #expect(
            little.stderr.contains(
                "--memory: 24MiB is below the least that tool needs, 32MiB (profile \(workspace.profiles)/tool.yaml:6)")
        )
        #expect(little.stderr.contains("--pids: 17 is over the limit of tool"))
    }

    @Test func checkSaysAllThatIsWrongWithFileAndLine() throws {
        let (workspace, file) = try workspace(
            "caps: {memory: 32MiB}\nscanners:\n  tool:\n    limits: {memory: 1}\n    caps: {memory: 48MiB}\n  tolo: {}\nfirst_uid: 1\n"
        )
        let checked = try Tool.run("profiles", "check", "tool", "--profiles", workspace.profiles, "--config", file)
        #expect(checked.status == 78)
        let lines = checked.stdout.split(separator: "\n").map(String.init)
        for start in [
            "\(file):1: caps.memory: 32MiB is below the limit of one tool scan, 64MiB (profile ",
            "\(file):4: scanners.tool.limits.memory: \"1\" is not a size",
            "\(file):5: scanners.tool.caps.memory: 48MiB is below the limit of one tool scan",
            "\(file):5: scanners.tool.caps.memory: 48MiB is over the cap for all scans together",
            "\(file):6: scanners.tolo: no such scanner profile", "\(file):7: first_uid: 1 is outside", "tool: ok",
        ] { #expect(lines.contains { $0.hasPrefix(start) }, "\(start) in \(checked.stdout)") }
        #expect(lines.count == 7)
        let json = try Tool.run(
            "profiles", "check", "tool", "--json", "--profiles", workspace.profiles, "--config", file
        ).stdout
        #expect(
            json.contains("\"configuration\":{\"file\":\"\(file)\",\"problems\":[{\"file\":\"\(file)\",\"line\":1,"))
        try workspace.write("first_uid: 5000\n", to: "config.yaml")
        let fine = try Tool.run("profiles", "check", "--config", file)
        #expect(fine.status == 0 && fine.stdout.hasPrefix("\(file): ok\n"), "\(fine.stdout)")
    }

    @Test(arguments: ["scan", "show"]) func aConfigurationThatDoesNotFitStopsTheScan(_ verb: String) throws {
        // The typing error is in another scanner's name: its limits would silently not hold.
        let (workspace, file) = try workspace("scanners: {tolo: {limits: {memory: 64MiB}}}\n")
        let arguments = verb == "scan" ? ["scan", "tool", workspace.target] : ["profiles", "show", "tool"]
        let finished = try Tool.run(arguments + ["--profiles", workspace.profiles, "--config", file])
        #expect(finished.status == 78)
        #expect(finished.stderr.hasPrefix("scan-executor: \(file):1: scanners.tolo: no such scanner profile in "))
    }

    @Test func doctorSaysWhichConfigurationItUses() throws {
        let (workspace, file) = try workspace("enforcement: best-effort\nstate_directory: /run/scan-executor\n")
        let finished = try Tool.run("doctor", "--config", file)
        let line = try #require(words(finished.stdout).first { $0.contains("configuration") })
        #expect(
            line
                == "ok configuration \(file): state_directory; set elsewhere: enforcement by SCAN_EXECUTOR_ENFORCEMENT",
            "\(finished.stdout)")
        withExtendedLifetime(workspace) {}
    }
}

extension SandboxTests {
    @Suite struct ConfiguredRunTests {
        @Test func aScanRunsWithTheConfiguredLimitsAndReportsTheCaps() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "exit 0")
            try workspace.write(
                "caps: {memory: 512MiB}\nscanners: {tool: {limits: {memory: 80MiB}, caps: {pids: 64, memory: 256MiB}}}\n",
                to: "config.yaml")
            let finished = try workspace.scan("tool", "--json", "--config", "\(workspace.path)/config.yaml")
            #expect(finished.status == 0, "\(finished.stderr)")
            #expect(finished.stdout.contains("\"memory_bytes\":\(80 << 20),"))
            #expect(
                finished.stdout.contains(
                    "\"type_caps\":{\"memory_bytes\":\(256 << 20),\"pids\":64},\"all_caps\":{\"memory_bytes\":\(512 << 20)}"
                ),
                "\(finished.stdout)")
            let plain = try workspace.scan("tool", "--json")
            #expect(plain.status == 0 && !plain.stdout.contains("_caps"), "\(plain.stdout)")
        }

        @Test func aCommandGetsNoMoreThanTheCapOfAll() throws {
            let workspace = try Workspace()
            try workspace.write("caps: {memory: 300MiB, pids: 99}\n", to: "config.yaml")
            let file = "\(workspace.path)/config.yaml"
            let wide = try Tool.run("exec", "--config", file, "--json", "--quiet", "--", "true")
            #expect(wide.status == 0 && wide.stderr.contains("\"memory_bytes\":\(300 << 20),"), "\(wide.stderr)")
            #expect(wide.stderr.contains("\"pids\":99,"))
            let more = try Tool.run("exec", "--config", file, "--memory", "301MiB", "--", "true")
            #expect(more.status == 125)
            #expect(
                more.stderr
                    == "scan-executor: exec: --memory: 301MiB is over the cap of all scans together, 300MiB (configuration \(file):1): ask for less\n"
            )
        }
    }
}
