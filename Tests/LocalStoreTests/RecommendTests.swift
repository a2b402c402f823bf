import Executor
import SystemSupport
import Testing

@testable import LocalStore

@Suite struct RecommendTests {
    private func decide(
        _ values: [Int64], metric: AuditMetric = .memory, ended: Int64 = 0, at: Int64? = nil, current: Int64? = nil,
        rule: LimitRule = LimitRule()
    ) -> LimitRule.Outcome {
        var observation = LimitRule.Observation(metric: metric)
        observation.succeeded.add(values)
        (observation.ended, observation.endedAt, observation.current) = (ended, at, current)
        return rule.decide(observation)
    }

    private func proposal(
        _ values: [Int64], metric: AuditMetric = .memory, ended: Int64 = 0, at: Int64? = nil, current: Int64? = nil,
        rule: LimitRule = LimitRule()
    ) -> LimitProposal? {
        guard
            case .proposal(let proposal) = decide(
                values, metric: metric, ended: ended, at: at, current: current, rule: rule)
        else { return nil }
        return proposal
    }

    private let mebibyte: Int64 = 1 << 20

    @Test func fewerThanTheLeastRunsSayNothing() {
        #expect(decide(Array(repeating: 9, count: 29)) == .tooFewRuns(29))
        #expect(decide([]) == .tooFewRuns(0))
        #expect(proposal(Array(repeating: 9, count: 30)) != nil)
    }

    @Test func theLimitIsThePercentileTimesTheHeadroomRoundedUp() {
        // 100 MiB x 1.25 = 125 MiB, up to the next 16.
        let found = proposal(Array(repeating: 100 * mebibyte, count: 1000), current: 1 << 30)
        #expect(found?.proposed == 128 * mebibyte && found?.isCensored == false && found?.current == 1 << 30)
    }

    @Test func itIsNeverBelowWhatSucceeded() {
        let values = Array(repeating: 100 * mebibyte, count: 999) + [700 * mebibyte]
        #expect(proposal(values)?.proposed == 704 * mebibyte)
    }

    @Test(arguments: 1...20)
    func noSuccessWouldHaveBeenEnded(_ seed: UInt64) {
        var numbers = Numbers(state: seed)
        let values = (0..<200).map { _ in
            Int64.random(in: 0...1 << 45, using: &numbers) >> Int64.random(in: 0..<40, using: &numbers)
        }
        for metric in [AuditMetric.memory, .out, .printed] {
            let found = proposal(values, metric: metric)
            #expect(values.allSatisfy { $0 <= found?.proposed ?? 0 })
        }
        let seconds = values.map { $0 % 600_000_000 }
        for metric in [AuditMetric.wall, .cpu] {
            #expect(seconds.allSatisfy { $0 <= proposal(seconds, metric: metric)?.proposed ?? 0 })
        }
        let few = values.map { $0 % 4_000_000 }
        #expect(few.allSatisfy { $0 <= proposal(few, metric: .pids)?.proposed ?? 0 })
    }

    /// Runs that a limit ended would have used more: if they are more than the percentile leaves out, the survivors prove nothing.
    @Test func whereTooManyWereEndedTheLimitGoesUp() {
        let values = Array(repeating: 100 * mebibyte, count: 950)
        let found = proposal(values, ended: 50, at: 512 * mebibyte, current: 512 * mebibyte)
        #expect(found?.proposed == 768 * mebibyte && found?.isCensored == true)
        let few = proposal(values, ended: 5, at: 512 * mebibyte, current: 512 * mebibyte)
        #expect(few?.proposed == 128 * mebibyte && few?.isCensored == false)
    }

    @Test func limitsFarBelowWhatIsWantedSayNothing() {
        let values = Array(repeating: 100 * mebibyte, count: 900)
        let found = proposal(values, ended: 100, at: 16 * mebibyte, current: 2048 * mebibyte)
        #expect(found?.proposed == 128 * mebibyte && found?.isCensored == false && found?.ended == 100)
    }

    @Test func aLimitThatWasRaisedSinceIsNotLowered() {
        let values = Array(repeating: 100 * mebibyte, count: 900)
        let found = proposal(values, ended: 100, at: 256 * mebibyte, current: 2048 * mebibyte)
        #expect(found?.proposed == 2048 * mebibyte)
    }

    @Test func numbersBeyondAllReasonStayWithinAProfilesBounds() {
        let values = Array(repeating: Int64.max, count: 40)
        for metric in Recommendation.metrics {
            let found = proposal(values, metric: metric, ended: 40, at: .max, current: .max)
            #expect((found?.proposed ?? 0) > 0 && found?.proposed ?? .max < .max)
        }
    }

    @Test(
        arguments: [
            (.memory, 1, "16MiB"), (.memory, 17 << 20, "32MiB"), (.memory, 1025 << 20, "1088MiB"),
            (.memory, 9 << 30, "9GiB"),
            (.pids, 3, "8"), (.pids, 65, "80"), (.wall, 400, "1s"), (.wall, 61_000, "90s"), (.wall, 700_000, "12m"),
            (.wall, 3_600_001, "65m"), (.cpu, 11_000_000, "15s"), (.printed, 1, "1MiB"), (.out, 20 << 20, "32MiB"),
        ] as [(AuditMetric, Int64, String)])
    func limitsAreNeat(_ metric: AuditMetric, _ value: Int64, _ expected: String) {
        #expect(NeatLimit.text(metric, NeatLimit.roundedUp(metric, Double(value))) == expected)
    }

    /// 200 successes of growing size, and runs that were ended at 512 MiB.
    private func history() throws -> AuditDirectory {
        let audit = try AuditDirectory()
        for number in 1...200 as ClosedRange<Int64> {
            try audit.append(
                .made(
                    "bandit", number % 3 == 0 ? .findings : .clean, at: number, wall: number * 100,
                    cpu: number * 90_000,
                    memory: number * mebibyte, pids: 4, limit: 512))
        }
        try audit.append(.made("bandit", .oomKilled, wall: 5000, memory: 512 * mebibyte, pids: 4, limit: 512))
        try audit.append(.made("bandit", .clean, partial: true, wall: 90_000, memory: 500 * mebibyte, limit: 512))
        for _ in 1...3 { try audit.append(.made("rare", memory: 1)) }
        try audit.append(.made(nil, memory: 1 << 40))
        return audit
    }

    @Test func theHistoryIsCountedRunByRun() throws {
        let audit = try history()
        let index = try AuditIndex(directory: audit.path)
        var current = CurrentLimits()
        current.limits = [.memory: 512 * mebibyte, .pids: 32]
        let found = try index.recommendations(SummaryFilter(), rule: LimitRule()) { _ in current }
        #expect(found.map(\.scanner) == ["bandit", "rare"], "exec has no profile to set limits in")
        let memory = try #require(found[0].proposals.first { $0.metric == .memory })
        // p99 of 1…200 MiB is 198 MiB; x 1.25 = 248.
        #expect(memory.proposed == 256 * mebibyte && memory.most == 200 * mebibyte && memory.runs == 200)
        #expect(memory.known == 202 && memory.wouldEnd == 2 && memory.wouldEndSucceeded == 0 && memory.ended == 1)
        #expect(found[1].proposals.isEmpty && found[1].tooFew[.memory] == 3)
        #expect(found[0].difference.contains("-  memory: 512MiB") && found[0].difference.contains("+  memory: 256MiB"))
    }

    /// What is printed for the configuration is what profiles are written in.
    @Test func theFragmentIsReadByTheProfilesReader() throws {
        let audit = try history()
        let found = try AuditIndex(directory: audit.path).recommendations(SummaryFilter(), rule: LimitRule()) { _ in
            CurrentLimits()
        }
        let lines = found[0].fragment
        #expect(lines.first == "  bandit:")
        var limits = lines.first { $0.hasPrefix("    limits: ") }?.dropFirst(4) ?? ""
        // A profile has to say how many cores; a history does not.
        limits = limits.dropLast() + ", cpu: 1}"
        let deadlines = lines.first { $0.hasPrefix("    deadlines: ") }?.dropFirst(4) ?? ""
        let yaml = "name: bandit\ncommand: [bandit]\nexit_codes: {clean: [0]}\n\(limits)\n\(deadlines)\n"
        let profile = try ScannerProfile(yaml: Array(yaml.utf8), file: "/x/bandit.yaml")
        let read = CurrentLimits(profile.limits, profile.deadlines)
        for proposal in found[0].proposals { #expect(read.limits[proposal.metric] == proposal.proposed) }
        #expect(
            found[0].proposals.map(\.metric) == [.memory, .pids, .wall, .cpu],
            "nothing was printed, and out is not proposed")
    }
}
