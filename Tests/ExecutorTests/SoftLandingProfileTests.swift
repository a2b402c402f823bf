import SystemSupport
import Testing

@testable import Executor

/// A profile's `soft_landing`: its values, its defaults, and what can be wrong with it.
@Suite struct SoftLandingProfileTests {
    private static let withHigh = minimalProfile.replacing(
        "memory: 512MiB", with: "memory: 512MiB, memory_high: 400MiB")

    private func landing(_ text: String) throws -> SoftLanding? {
        try ScannerProfile(yaml: Array((Self.withHigh + text + "\n").utf8), file: "/etc/tool.yaml").softLanding
    }

    @Test func everyKeyIsReadAndTheRestIsDefault() throws {
        #expect(try landing("") == nil)
        #expect(
            try landing("soft_landing: {memory_high: true, before_deadline: 30s, grace: 10s}")
                == SoftLanding(atMemoryHigh: true, beforeDeadline: .seconds(30), grace: .seconds(10)))
        #expect(
            try landing("soft_landing: {memory_high: true}")
                == SoftLanding(atMemoryHigh: true, beforeDeadline: nil, grace: .seconds(5)))
        #expect(try landing("soft_landing: {before_deadline: 1m}")?.grace == .seconds(5))
        #expect(try landing("soft_landing: {before_deadline: 2s}")?.grace == .seconds(2))
    }

    @Test(arguments: [
        ("soft_landing: yes", "6 soft_landing: expected a mapping"),
        ("soft_landing: {}", "6 soft_landing.memory_high: soft_landing has no cause"),
        ("soft_landing: {grace: 5s}", "6 soft_landing.memory_high: soft_landing has no cause"),
        ("soft_landing: {memory_high: 1}", "6 soft_landing.memory_high: \"1\" is neither true nor false"),
        ("soft_landing: {memory_high: }", "6 soft_landing.memory_high: expected one value"),
        ("soft_landing: {before_deadline: 30}", "6 soft_landing.before_deadline: \"30\" is not a duration"),
        ("soft_landing: {before_deadline: -1s}", "6 soft_landing.before_deadline: \"-1s\" is not a duration"),
        ("soft_landing: {before_deadline: 0s}", "6 soft_landing.before_deadline: 0s is outside 100ms to 1h"),
        (
            "soft_landing: {before_deadline: 99999999999999999999h}",
            "6 soft_landing.before_deadline: \"99999999999999999999h\" is not a duration"
        ),
        ("soft_landing: {before_deadline: 2h}", "6 soft_landing.before_deadline: 2h is outside 100ms to 1h"),
        (
            "soft_landing: {before_deadline: 10m}",
            "6 soft_landing.before_deadline: 600s must be less than deadlines.wall, which is 600s"
        ),
        (
            "soft_landing: {before_deadline: 5s, grace: 6s}",
            "6 soft_landing.grace: 6s is more than before_deadline, which is 5s: the deadline would come first"
        ),
        ("soft_landing: {memory_high: true, grace: 1ms}", "6 soft_landing.grace: 1ms is outside 100ms to 1h"),
        (
            "soft_landing: {memory_max: true}",
            "6 soft_landing.memory_max: unknown key; the keys here are memory_high, before_deadline, grace"
        ),
    ])
    func whatIsWrongIsNamedByKeyAndLine(line: String, problem: String) {
        let found = problems(Self.withHigh + line + "\n")
        #expect(found.contains { $0.hasPrefix(problem) }, "\(found)")
    }

    @Test func memoryHighNeedsALimitOfItsName() {
        #expect(
            problems(minimalProfile + "soft_landing: {memory_high: true}\n") == [
                "6 soft_landing.memory_high: true needs limits.memory_high, which is not set"
            ])
    }

    @Test func lowerLimitsOfOneRunDropWhatNoLongerFits() throws {
        let profile = try ScannerProfile(
            yaml: Array((Self.withHigh + "soft_landing: {memory_high: true, before_deadline: 30s}\n").utf8),
            file: "/etc/tool.yaml")
        func landing(_ wanted: LimitOverrides) throws -> SoftLanding? {
            let ladder = LimitLadder(profile, nil)
            return ladder.profile(with: try ladder.limits(for: wanted, from: .option)).softLanding
        }
        var shorter = LimitOverrides()
        shorter.wall = .seconds(30)
        #expect(try landing(shorter) == SoftLanding(atMemoryHigh: true, grace: .seconds(5)))
        shorter.wall = .seconds(31)
        #expect(try landing(shorter)?.beforeDeadline == .seconds(30))
        var smaller = LimitOverrides()
        smaller.memory = .mebibytes(64)
        #expect(
            try landing(smaller)
                == SoftLanding(beforeDeadline: .seconds(30), grace: .seconds(5)))
        smaller.wall = .seconds(10)
        #expect(try landing(smaller) == nil)
    }
}
