import SystemSupport
import Testing

@testable import Executor

/// Default, profile, configuration, one run: which value holds, who set it, and what is refused.
@Suite struct LimitLadderTests {
    /// Lines 1 to 7.
    static let profileText = """
        name: tool
        command: [tool]
        exit_codes: {clean: [0]}
        limits: {cpu: 1, memory: 512MiB, memory_high: 448MiB, pids: 64}
        deadlines: {wall: 10m}
        minimum: {memory: 64MiB, pids: 4, tmp: 1MiB}
        maximum: {memory: 2GiB, wall: 1h, cpu: 4}
        """

    private func ladder(_ yaml: String? = nil, profile: String = profileText) throws -> LimitLadder {
        LimitLadder(
            try ScannerProfile(yaml: Array(profile.utf8), file: "/p/tool.yaml"), try yaml.map { try configuration($0) })
    }

    private func wanted(_ given: [LimitOverrides.Key: String]) throws -> LimitOverrides {
        var overrides = LimitOverrides()
        for key in LimitOverrides.Key.allCases {
            if let text = given[key] { try overrides.set(key, option: text) }
        }
        return overrides
    }

    private func refusal(
        _ given: [LimitOverrides.Key: String], _ yaml: String? = nil, from source: LimitSource = .option
    ) throws -> [String] {
        let (ladder, wanted) = (try ladder(yaml), try wanted(given))
        do throws(ProfileError) {
            _ = try ladder.limits(for: wanted, from: source)
            return []
        } catch {
            #expect(error.code == .invalidLimit && error.subject == "tool")
            return error.problems.map(\.description)
        }
    }

    @Test func theConfigurationReplacesASoftLanding() throws {
        let profile = Self.profileText + "\nsoft_landing: {memory_high: true}\n"
        func landing(_ yaml: String?) throws -> SoftLanding? {
            let ladder = try ladder(yaml, profile: profile)
            #expect(ladder.problems == [])
            return ladder.profile(with: ladder.standing).softLanding
        }
        #expect(try landing(nil) == SoftLanding(atMemoryHigh: true))
        #expect(
            try landing("scanners: {tool: {soft_landing: {before_deadline: 30s, grace: 10s}}}\n")
                == SoftLanding(beforeDeadline: .seconds(30), grace: .seconds(10)))
        let impossible = "scanners:\n  tool:\n    deadlines: {wall: 1m}\n    soft_landing: {before_deadline: 2m}\n"
        #expect(
            try ladder(impossible).problems.map(\.description) == [
                "scanners.tool.soft_landing.before_deadline: 120s must be less than deadlines.wall, which is 60s"
            ])
        #expect(try ladder(impossible).problems.map(\.line) == [4])
    }

    @Test func eachStepStandsOnTheOneBefore() throws {
        let ladder = try ladder("scanners: {tool: {limits: {pids: 32, open_files: 99},\n  deadlines: {wall: 20m}}}\n")
        #expect(ladder.problems == [])
        let run = try ladder.limits(for: try wanted([.wall: "5m"]), from: .option)
        let expected: [(LimitOverrides.Key, String?, LimitSource)] = [
            (.memory, "512MiB", .profile(file: "/p/tool.yaml", line: 4)),
            (.pids, "32", .configuration(file: "/etc/config.yaml", line: 1)),
            (.openFiles, "99", .configuration(file: "/etc/config.yaml", line: 1)),
            (.wall, "300s", .option), (.grace, "5s", .standard), (.fileSize, nil, .standard),
        ]
        for (key, value, source) in expected {
            #expect(run.amount(key)?.description == value && run.source(key) == source, "\(key)")
        }
        #expect(ladder.standing.amount(.wall) == .time(.seconds(1200)))
        #expect(ladder.standing.source(.wall) == .configuration(file: "/etc/config.yaml", line: 2))
        let profile = ladder.profile(with: run)
        #expect(profile.limits.pids == 32 && profile.deadlines.wall == .seconds(300))
    }

    @Test func withoutAConfigurationAProfileIsAsItIsWritten() throws {
        let ladder = try ladder()
        #expect(ladder.problems == [])
        #expect(ladder.profile(with: ladder.standing) == ladder.profile)
        #expect(try ladder.limits(for: LimitOverrides(), from: .option) == ladder.standing)
    }

    @Test func aRunMayAskForLessAndUpToTheMaximumOnly() throws {
        #expect(try refusal([.memory: "64MiB", .pids: "4"]) == [])
        #expect(try refusal([.memory: "2GiB", .wall: "1h", .cpu: "4"]) == [])
        #expect(
            try refusal([.memory: "2049MiB", .wall: "61m"]) == [
                "--memory: 2049MiB is over the maximum of tool, 2GiB (profile /p/tool.yaml:7): ask for less, or have it raised there",
                "--wall: 3660s is over the maximum of tool, 3600s (profile /p/tool.yaml:7): ask for less, or have it raised there",
            ])
        #expect(
            try refusal([.pids: "65"]) == [
                "--pids: 65 is over the limit of tool, which no maximum lets a run raise, 64 (profile /p/tool.yaml:4): ask for "
                    + "less, or have maximum.pids set in the profile or below scanners.tool of the configuration"
            ])
        // What nobody limits, one run may limit.
        #expect(try refusal([.fileSize: "1MiB", .cpuTime: "1s", .cpuset: "0"]) == [])
        // Weight is not set, which to the kernel is 100.
        #expect(try refusal([.cpuWeight: "100"]) == [])
        #expect(try refusal([.cpuWeight: "101"]).count == 1)
        #expect(try refusal([.memoryHigh: "449MiB"]).count == 1)
    }

    @Test func aRunMayNotAskForLessThanTheScannerNeeds() throws {
        #expect(
            try refusal([.memory: "24MiB"]) == [
                "--memory: 24MiB is below the least that tool needs, 64MiB (profile /p/tool.yaml:6): ask for more"
            ])
        #expect(try refusal([.memoryHigh: "63MiB"]).first?.hasPrefix("--memory-high: 63MiB is below the least") == true)
        // A task from a queue knows keys, not options.
        #expect(try refusal([.pids: "3"], from: .task).first?.hasPrefix("limits.pids: 3 is below the least") == true)
        let small = Self.profileText.replacing("memory: 64MiB, pids: 4, tmp: 1MiB", with: "tmp: 32MiB")
        let ladder = try ladder(profile: small)
        let error = #expect(throws: ProfileError.self) {
            try ladder.limits(for: try wanted([.memory: "16MiB"]), from: .option)
        }
        #expect(
            error?.problems.first?.description
                == "--tmp: 16MiB, to which the lower memory brings it down, is below the least that tool needs, 32MiB "
                + "(profile /p/tool.yaml:6): ask for more")
    }

    @Test func theConfigurationsMaximumReplacesTheProfiles() throws {
        let yaml = "scanners:\n  tool:\n    maximum: {memory: 8GiB, wall: 15m, pids: 100}\n"
        #expect(try ladder(yaml).problems == [])
        #expect(try refusal([.memory: "8GiB", .wall: "15m", .pids: "100", .cpu: "4"], yaml) == [])
        #expect(
            try refusal([.wall: "16m", .cpu: "5"], yaml) == [
                "--cpu: 5 is over the maximum of tool, 4 (profile /p/tool.yaml:7): ask for less, or have it raised there",
                "--wall: 960s is over the maximum of tool, 900s (configuration /etc/config.yaml:3): ask for less, or have it raised there",
            ])
    }

    @Test func aCapBoundsWhatARunMayAskForToo() throws {
        let yaml = "caps: {memory: 1GiB, pids: 128}\nscanners: {tool: {caps: {memory: 768MiB}, maximum: {pids: 999}}}\n"
        #expect(try ladder(yaml).problems == [])
        #expect(try refusal([.memory: "768MiB", .pids: "128"], yaml) == [])
        #expect(
            try refusal([.memory: "1GiB", .pids: "129"], yaml) == [
                "--memory: 1GiB is over the cap of all tool scans together, 768MiB (configuration /etc/config.yaml:2): ask for "
                    + "less, or have it raised there",
                "--pids: 129 is over the cap of all scans together, 128 (configuration /etc/config.yaml:1): ask for less, or "
                    + "have it raised there",
            ])
    }

    @Test(arguments: [
        (
            "scanners: {tool: {limits: {memory: 32MiB}}}",
            "scanners.tool.limits.memory: 32MiB is below the least that tool needs, 64MiB"
        ),
        (
            "scanners: {tool: {limits: {memory_high: 8MiB}}}",
            "scanners.tool.limits.memory_high: 8MiB is below the least"
        ),
        (
            "scanners: {tool: {limits: {memory: 4GiB}}}",
            "scanners.tool.limits.memory: 4GiB is over the profile's maximum, 2GiB"
        ),
        (
            "scanners: {tool: {maximum: {memory: 256MiB}}}",
            "scanners.tool.maximum.memory: 256MiB is below the limit, 512MiB"
        ),
        (
            "scanners: {tool: {maximum: {cpu_time: 1h}}}",
            "scanners.tool.maximum.cpu_time: 3600s is below the limit, not limited"
        ),
        (
            "scanners: {tool: {caps: {memory: 256MiB}}}",
            "scanners.tool.caps.memory: 256MiB is below the limit of one tool scan, 512MiB"
        ),
        ("caps: {pids: 32}", "caps.pids: 32 is below the limit of one tool scan, 64"),
        (
            "scanners: {tool: {limits: {memory_high: 1GiB}}}",
            "scanners.tool.limits.memory_high: 1GiB must be below limits.memory"
        ),
        ("scanners: {tool: {limits: {tmp: 1GiB}}}", "scanners.tool.limits.tmp: 1GiB can never be used"),
    ])
    func whatDoesNotFitTheProfileIsSaidWithItsLine(_ yaml: String, _ problem: String) throws {
        let found = try ladder("# A line above.\n" + yaml).problems
        #expect(found.count == 1 && found[0].line == 2 && found[0].description.hasPrefix(problem), "\(found)")
        // Whoever does not look at the problems gets no limits either.
        let ladder = try ladder(yaml)
        let error = #expect(throws: ProfileError.self) { try ladder.limits(for: LimitOverrides(), from: .task) }
        #expect(error?.code == .invalid && error?.subject == "/etc/config.yaml")
    }

    @Test func allThatDoesNotFitIsSaidAtOnce() throws {
        let yaml =
            "caps: {cpu: 0.5}\nscanners:\n  tool:\n    limits: {memory: 32MiB, pids: 2}\n    maximum: {pids: 3}\n    caps: {swap: 0B}\n"
        // 3 is both above the limit and below the minimum; 2 and 32MiB are below theirs; the core does not fit.
        #expect(try ladder(yaml).problems.compactMap(\.line).sorted() == [1, 4, 4, 5])
    }

    @Test func aConfigurationOfOtherScannersConcernsNobodyElse() throws {
        let ladder = try ladder("scanners: {other: {limits: {memory: 4MiB}, caps: {memory: 4MiB}}}")
        #expect(ladder.problems == [])
        #expect(try ladder.standing == self.ladder().standing)
    }

    @Test(arguments: [
        (
            "minimum: {memory: 64MiB, pids: 4", "minimum: {memory: 513MiB, pids: 4",
            "6 minimum.memory: 513MiB is above limits.memory, which is 512MiB"
        ),
        ("wall: 1h, cpu: 4", "wall: 9m, cpu: 4", "7 maximum.wall: 540s is below deadlines.wall, which is 600s"),
        (
            "wall: 1h, cpu: 4", "wall: 1h, cpu_time: 4h",
            "7 maximum.cpu_time: 14400s is below deadlines.cpu, which is not limited"
        ),
        ("maximum: {memory", "maximum: {cpuset: 0, memory", "7 maximum.cpuset: unknown key"),
        ("tmp: 1MiB", "tmp: 1", "6 minimum.tmp: \"1\" is not a size"),
    ])
    func aProfileFitsItsOwnBounds(_ old: String, _ new: String, _ problem: String) {
        let found = problems(Self.profileText.replacing(old, with: new))
        #expect(found.count == 1 && found[0].hasPrefix(problem), "\(found)")
    }
}
