import Executor
import SystemSupport
import Testing

@testable import LocalStore

/// What is proposed is what the configuration takes: a fragment that it refuses would stop every scan.
@Suite struct RecommendFitTests {
    private static let scanners =
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/deploy/scanners"
    static let names = ["bandit", "cppcheck", "flawfinder", "semgrep", "shellcheck"]

    private func profile(_ name: String, _ edit: (inout ScannerProfile) -> Void = { _ in }) throws -> ScannerProfile {
        var profile = try ScannerProfileStore.load(file: "\(Self.scanners)/\(name).yaml")
        edit(&profile)
        return profile
    }

    private func configuration(_ lines: [String]) throws -> ExecutorConfiguration {
        try ExecutorConfiguration(yaml: Array(lines.joined(separator: "\n").utf8), file: "/etc/config.yaml")
    }

    /// Forty runs that all used the same.
    private func proposed(
        _ profile: ScannerProfile, _ configuration: ExecutorConfiguration? = nil, scale: Int64 = 1
    ) throws -> Recommendation {
        let audit = try AuditDirectory()
        for _ in 1...40 {
            try audit.append(
                .made(profile.name, wall: 50 * scale, cpu: 40_000 * scale, memory: scale << 20, pids: scale))
        }
        let ladder = LimitLadder(profile, configuration)
        #expect(ladder.problems.isEmpty, "\(ladder.problems)")
        let found = try AuditIndex(directory: audit.path).recommendations(SummaryFilter(), rule: LimitRule()) { _ in
            CurrentLimits(ladder)
        }
        return try #require(found.first)
    }

    private func refused(_ profile: ScannerProfile, _ lines: [String]) throws -> [String] {
        LimitLadder(profile, try configuration(lines)).problems.map { "\($0.key ?? "-"): \($0.message)" }
    }

    @Test(arguments: Self.names)
    func aSmallHistoryMakesAFragmentThatTheScannersProfileTakes(_ name: String) throws {
        let profile = try profile(name)
        let fragment = try proposed(profile).fragment
        #expect(fragment.first == "  \(name):")
        #expect(try refused(profile, ["scanners:"] + fragment) == [])
    }

    /// Runs that used far more than the maximum and the caps let be.
    @Test(arguments: Self.names)
    func nothingIsProposedOverTheMaximumOrACap(_ name: String) throws {
        let profile = try profile(name) { $0.maximum[.wall] = StatedAmount(.time($0.deadlines.wall), line: 1) }
        let pids = profile.limits.pids
        let caps = ["caps: {pids: \(pids)}"]
        let audit = try AuditDirectory()
        for _ in 1...40 { try audit.append(.made(name, wall: 20_000_000, pids: 100_000)) }
        let ladder = LimitLadder(profile, try configuration(caps))
        let found = try #require(
            try AuditIndex(directory: audit.path).recommendations(SummaryFilter(), rule: LimitRule()) { _ in
                CurrentLimits(ladder)
            }.first)
        #expect(
            found.proposals.map(\.metric) == [.pids, .wall] && found.proposals.allSatisfy { $0.held == .atMaximum })
        #expect(found.proposals[0].proposed == Int64(pids))
        #expect(try refused(profile, caps + ["scanners:"] + found.fragment) == [])
    }

    @Test func theDeadlineStaysAboveTheSoftLandingBeforeIt() throws {
        let profile = try profile("bandit") { $0.softLanding = SoftLanding(beforeDeadline: .seconds(30)) }
        let own = try proposed(profile)
        #expect(own.proposals.first { $0.metric == .wall }?.proposed == 31_000)
        let landing = "    soft_landing: {before_deadline: 45s}"
        let configured = try proposed(profile, configuration(["scanners:", "  bandit:", landing]))
        #expect(configured.proposals.first { $0.metric == .wall }?.proposed == 46_000)
        #expect(try refused(profile, ["scanners:"] + configured.fragment + [landing]) == [])
    }

    /// A lower memory would contradict what else the configuration says: it is left as it is, and the reason said.
    @Test func whatTheConfigurationWouldRefuseIsLeftAsItIs() throws {
        let profile = try profile("bandit")
        let lines = ["scanners:", "  bandit:", "    limits: {tmp: \(profile.limits.memory)}"]
        let found = try proposed(profile, configuration(lines))
        let memory = try #require(found.proposals.first { $0.metric == .memory })
        #expect(memory.proposed == profile.limits.memory.bytes)
        guard case .asSet(let reason)? = memory.held else {
            Issue.record("\(memory)")
            return
        }
        #expect(reason.contains("tmp"))
        #expect(!found.fragment.joined().contains("memory"))
        let others = found.fragment.map {
            $0.contains("limits: {") ? $0.dropLast() + ", tmp: \(profile.limits.memory)}" : $0
        }
        #expect(try refused(profile, ["scanners:"] + others) == [])
    }

    @Test(arguments: ["a: {}\n  b", "Bandit", "../x", "\u{1b}[31m"])
    func aNameThatIsNoProfilesHasNoFragment(_ name: String) throws {
        let audit = try AuditDirectory()
        for _ in 1...40 { try audit.append(.made(name, memory: 1)) }
        let found = try AuditIndex(directory: audit.path).recommendations(SummaryFilter(), rule: LimitRule()) { _ in
            CurrentLimits()
        }
        #expect(found.first?.proposals.isEmpty == false && found.first?.fragment == [])
    }

    @Test func aScannerWithoutAProfileHasNoFragment() throws {
        let audit = try AuditDirectory()
        for _ in 1...40 { try audit.append(.made("gone", memory: 1)) }
        let found = try AuditIndex(directory: audit.path).recommendations(SummaryFilter(), rule: LimitRule()) { _ in
            var current = CurrentLimits()
            current.problem = "no such profile"
            return current
        }
        #expect(found.first?.proposals.isEmpty == false && found.first?.fragment == [])
        #expect(found.first?.difference == [])
    }

    private func history(cut: RunFacts, wall: Int64, memory: Int64) throws -> [LimitProposal] {
        let audit = try AuditDirectory()
        for _ in 1...60 {
            try audit.append(.made("bandit", wall: 3000, memory: 50 << 20, limit: 512))
            var report = RunReport.made("bandit", wall: wall, memory: memory, limit: 512)
            report.verdict = Verdict.classify(cut)
            try #require(report.verdict.partial && report.verdict.kind == .clean)
            try audit.append(report)
        }
        let found = try AuditIndex(directory: audit.path).recommendations(SummaryFilter(), rule: LimitRule()) { _ in
            CurrentLimits()
        }
        return try #require(found.first).proposals
    }

    /// A success that a soft landing cut short is no success to go by: it would have used more than its deadline let it.
    @Test func runsThatASoftLandingCutShortAreCensored() throws {
        let near = RunFacts(
            ending: .exited(code: 0),
            actions: [.init(.deadlineNear, at: .seconds(570), limit: 570_000_000, observed: 570_000_100)])
        let wall = try #require(try history(cut: near, wall: 570_000, memory: 50 << 20).first { $0.metric == .wall })
        #expect(wall.ended == 60 && wall.isCensored && wall.proposed == 900_000)
        var high = RunFacts(ending: .exited(code: 0), actions: [.init(.memoryHigh, at: .seconds(9))])
        (high.before, high.after) = (.init(memoryHighEvents: 0), .init(memoryHighEvents: 7))
        let memory = try #require(try history(cut: high, wall: 9000, memory: 460 << 20).first { $0.metric == .memory })
        #expect(memory.ended == 60 && memory.isCensored && memory.proposed == 768 << 20)
    }

    @Test func runsThatLostAProcessForLackOfMemoryAreCensored() throws {
        var facts = RunFacts(ending: .exited(code: 0))
        (facts.before, facts.after) = (.init(oomKills: 0), .init(oomKills: 1))
        let found = try history(cut: facts, wall: 3000, memory: 512 << 20)
        let memory = try #require(found.first { $0.metric == .memory })
        #expect(memory.ended == 60 && memory.isCensored && memory.proposed == 768 << 20)
        #expect(found.first { $0.metric == .wall }?.ended == 0)
    }
}
