import SystemSupport
import Testing

@testable import Executor

/// The breaker's decisions one by one. Time is a number.
@Suite struct CircuitBreakerTests {
    private let start = MonotonicTime(nanoseconds: 5_000_000_000)
    private let settings: BreakerSettings

    init() throws {
        settings = try BreakerSettings(
            window: .seconds(60), minimumSample: 4, failurePercent: 50, criticalThreshold: 2,
            criticalWindow: .seconds(120), firstCoolDown: .seconds(10), growth: 2, longestCoolDown: .seconds(30),
            probes: 2)
    }

    private func closed() -> CircuitBreaker { CircuitBreaker(settings, at: start) }

    /// Admits a run and reports it in one moment.
    private func run(_ outcome: BreakerOutcome, _ breaker: inout CircuitBreaker, at time: MonotonicTime) throws {
        breaker.record(outcome, for: try permit(&breaker, at: time), at: time)
    }

    private func permit(_ breaker: inout CircuitBreaker, at time: MonotonicTime) throws -> CircuitBreaker.Permit {
        guard case .admitted(let permit) = breaker.admit(at: time) else {
            throw ExecutorError(.host, "refused at \(time - start)")
        }
        return permit
    }

    private func opened() throws -> CircuitBreaker {
        var breaker = closed()
        for _ in 0..<2 { try run(.critical, &breaker, at: start) }
        try #require(breaker.state == .open)
        return breaker
    }

    @Test func belowTheMinimumSampleNoRateOpensIt() throws {
        var breaker = closed()
        for _ in 0..<3 { try run(.transient, &breaker, at: start) }
        #expect(breaker.state == .closed)
        try run(.transient, &breaker, at: start)
        #expect(breaker.state == .open)
        #expect(breaker.snapshot(at: start).lastOpening == .rate(failures: 4, sample: 4))
    }

    @Test func theRateIsOfSuccessesToo() throws {
        var breaker = closed()
        for _ in 0..<5 { try run(.success, &breaker, at: start) }
        for _ in 0..<4 { try run(.transient, &breaker, at: start) }
        #expect(breaker.state == .closed)
        try run(.transient, &breaker, at: start)
        #expect(breaker.state == .open)
    }

    @Test func failuresLeaveTheWindow() throws {
        var breaker = closed()
        for _ in 0..<3 { try run(.transient, &breaker, at: start) }
        // A window later the old three count no more.
        try run(.transient, &breaker, at: start + .seconds(61))
        #expect(breaker.state == .closed)
        #expect(breaker.snapshot(at: start + .seconds(61)).transientFailures == 1)
        #expect(breaker.snapshot(at: start + .seconds(200)).transientFailures == 0)
    }

    @Test func criticalFailuresOpenItAtOnceWhateverTheRate() throws {
        var breaker = closed()
        for _ in 0..<1000 { try run(.success, &breaker, at: start) }
        try run(.critical, &breaker, at: start)
        #expect(breaker.state == .closed)
        // In the window of the critical ones, and past that of the rate.
        try run(.critical, &breaker, at: start + .seconds(100))
        #expect(breaker.state == .open)
        #expect(breaker.since == start + .seconds(100))
    }

    @Test(arguments: [BreakerOutcome.success, .nothing])
    func whatIsNoFailureNeverOpensIt(outcome: BreakerOutcome) throws {
        var breaker = closed()
        for _ in 0..<1000 { try run(outcome, &breaker, at: start) }
        #expect(breaker.state == .closed)
        #expect(breaker.snapshot(at: start).successes == (outcome == .success ? 1000 : 0))
    }

    @Test func whatSaysNothingIsNotInTheSample() throws {
        var breaker = closed()
        for _ in 0..<3 { try run(.transient, &breaker, at: start) }
        for _ in 0..<1000 { try run(.nothing, &breaker, at: start) }
        try run(.transient, &breaker, at: start)
        #expect(breaker.state == .open)
    }

    @Test func openMeansWaitAndTheCoolDownIsExact() throws {
        var breaker = try opened()
        #expect(breaker.admit(at: start + .milliseconds(9_999)) == .refused(until: start + .seconds(10)))
        #expect(try permit(&breaker, at: start + .seconds(10)).isProbe)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.snapshot(at: start).refused == 1)
    }

    @Test func halfOpenAdmitsSoManyProbes() throws {
        var breaker = try opened()
        let then = start + .seconds(10)
        _ = try permit(&breaker, at: then)
        let second = try permit(&breaker, at: then)
        #expect(breaker.admit(at: then) == .refused(until: nil))
        // One that says nothing gives its place to the next.
        breaker.record(.nothing, for: second, at: then)
        let third = try permit(&breaker, at: then)
        #expect(breaker.admit(at: then) == .refused(until: nil))
        breaker.giveBack(third)
        _ = try permit(&breaker, at: then)
        #expect(breaker.state == .halfOpen)
    }

    @Test func aPlaceIsGivenBackOnce() throws {
        var breaker = try opened()
        let then = start + .seconds(10)
        let first = try permit(&breaker, at: then)
        _ = try permit(&breaker, at: then)
        for _ in 0..<5 {
            breaker.giveBack(first)
            breaker.record(.nothing, for: first, at: then)
        }
        _ = try permit(&breaker, at: then)
        #expect(breaker.admit(at: then) == .refused(until: nil))
    }

    @Test func aSuccessClosesItWithACleanSheet() throws {
        var breaker = try opened()
        try run(.success, &breaker, at: start + .seconds(10))
        #expect(breaker.state == .closed)
        #expect(breaker.since == start + .seconds(10))
        let snapshot = breaker.snapshot(at: start + .seconds(10))
        #expect((snapshot.criticalFailures, snapshot.openings) == (0, 1))
        // And the next opening is a first one again.
        for _ in 0..<2 { try run(.critical, &breaker, at: start + .seconds(11)) }
        #expect(breaker.snapshot(at: start).openUntil == start + .seconds(21))
    }

    @Test(arguments: [BreakerOutcome.transient, .critical])
    func aFailedProbeReopensItForLongerUpToABound(outcome: BreakerOutcome) throws {
        var breaker = try opened()
        var now = start
        for expected in [10, 20, 30, 30, 30] as [Int64] {
            let until = try #require(breaker.snapshot(at: now).openUntil)
            #expect(until == now + .seconds(expected))
            now = until
            try run(outcome, &breaker, at: now)
            #expect(breaker.snapshot(at: now).lastOpening == .probe(outcome))
        }
    }

    @Test func whatWasAdmittedBeforeTheOpeningDecidesNothingAfterIt() throws {
        var breaker = closed()
        let old = try (0..<10).map { _ in try permit(&breaker, at: start) }
        for permit in old[0..<2] { breaker.record(.critical, for: permit, at: start) }
        let then = start + .seconds(10)
        let probe = try permit(&breaker, at: then)
        breaker.record(.success, for: old[2], at: then)
        #expect(breaker.state == .halfOpen)
        breaker.record(.critical, for: old[3], at: then)
        #expect(breaker.state == .halfOpen)
        breaker.record(.success, for: probe, at: then)
        for permit in old[4...] { breaker.record(.critical, for: permit, at: then) }
        #expect(breaker.state == .closed)
    }

    @Test func aClockThatComesInAnotherOrderIsOfNoHarm() throws {
        var breaker = try opened()
        try run(.critical, &breaker, at: start + .seconds(10))
        #expect(breaker.admit(at: start) == .refused(until: start + .seconds(30)))
        #expect(breaker.since == start + .seconds(10))
    }

    @Test func aCoolDownOfAllTimeOverflowsNothing() throws {
        let settings = try BreakerSettings(
            firstCoolDown: .seconds(80_000), growth: 100, longestCoolDown: .seconds(86_400))
        #expect(settings.coolDown(ofOpening: .max) == .seconds(86_400))
        #expect(try BreakerSettings(growth: 1).coolDown(ofOpening: .max) == .seconds(30))
        var breaker = CircuitBreaker(settings, at: MonotonicTime(nanoseconds: .max))
        for _ in 0..<3 { try run(.critical, &breaker, at: MonotonicTime(nanoseconds: .max)) }
        #expect(breaker.state == .open)
    }

    @Test func impossibleSettingsAreNamedTogether() {
        let error = #expect(throws: ProfileError.self) {
            try BreakerSettings(
                window: .zero, minimumSample: 0, failurePercent: 101, criticalThreshold: 0,
                criticalWindow: .seconds(-1),
                firstCoolDown: .seconds(20), growth: 0, longestCoolDown: .seconds(10), probes: 1_000_000)
        }
        #expect(
            error?.problems.compactMap(\.key) == [
                "window", "minimum_sample", "failure_percent", "critical_threshold", "critical_window", "growth",
                "longest_cool_down", "probes",
            ])
    }

    @Test func verdictsCountByTheirTable() {
        for kind in VerdictKind.allCases {
            for failureClass in FailureClass.allCases {
                let expected: BreakerOutcome =
                    kind.isSuccess
                    ? .success
                    : [.cancelled, .invalidTask].contains(kind) || failureClass == .none
                        ? .nothing : failureClass == .critical ? .critical : .transient
                #expect(BreakerOutcome(kind, failureClass) == expected)
            }
        }
    }
}
