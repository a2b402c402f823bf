import Synchronization
import SystemSupport
import Testing

@testable import Executor

/// The breakers of a worker, from many tasks at once.
@Suite struct CircuitBreakersTests {
    private func breakers(probes: Int = 2) throws -> CircuitBreakers {
        let settings = try BreakerSettings(
            minimumSample: 4, criticalThreshold: 1, firstCoolDown: .milliseconds(100), probes: probes)
        return CircuitBreakers { _ in settings }
    }

    private final class Tally: Sendable {
        let out = Atomic<Int>(0)
        let tooMany = Atomic<Int>(0)
        let admitted = Atomic<Int>(0)
        let refused = Atomic<Int>(0)
    }

    private func permit(_ breakers: CircuitBreakers, _ type: String, at now: MonotonicTime) throws -> BreakerPermit {
        guard case .admitted(let permit) = breakers.admit(type, at: now) else {
            throw ExecutorError(.host, "refused")
        }
        return permit
    }

    @Test func scannerTypesDoNotShareABreaker() throws {
        let breakers = try breakers()
        let now = MonotonicTime.now
        try permit(breakers, "bandit", at: now).report(.critical, at: now)
        #expect(breakers.snapshot(of: "bandit", at: now).state == .open)
        #expect(breakers.snapshot(of: "semgrep", at: now).state == .closed)
        #expect(Set(breakers.snapshots(at: now).keys) == ["bandit", "semgrep"])
    }

    @Test func aProbeThatIsDroppedWithoutAReportGivesItsPlaceBack() throws {
        let breakers = try breakers(probes: 1)
        let start = MonotonicTime.now
        try permit(breakers, "bandit", at: start).report(.critical, at: start)
        let then = start + .seconds(1)
        do {
            let probe = try permit(breakers, "bandit", at: then)
            #expect(probe.isProbe)
            guard case .refused(nil) = breakers.admit("bandit", at: then) else {
                Issue.record("two probes at once")
                return
            }
        }
        try permit(breakers, "bandit", at: then).report(.success, at: then)
        #expect(breakers.snapshot(of: "bandit", at: then).state == .closed)
    }

    @Test func onlyTheFirstReportOfARunCounts() throws {
        let breakers = try breakers()
        let now = MonotonicTime.now
        let permit = try permit(breakers, "bandit", at: now)
        for _ in 0..<10 { permit.report(.success, at: now) }
        permit.report(.critical, at: now)
        let snapshot = breakers.snapshot(of: "bandit", at: now)
        #expect((snapshot.successes, snapshot.state) == (1, .closed))
    }

    /// Counted outside of the breaker: up after each admission, down before each report, so never above what is out.
    @Test func manyTasksAtOnceNeverHaveMoreProbesOutThanAllowed() async throws {
        let breakers = try breakers(probes: 3)
        let start = MonotonicTime.now
        try permit(breakers, "x", at: start).report(.critical, at: start)
        let then = start + .seconds(1)
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for lane in 0..<32 {
                group.addTask {
                    for step in 0..<500 {
                        guard case .admitted(let permit) = breakers.admit("x", at: then) else {
                            tally.refused.add(1, ordering: .relaxed)
                            continue
                        }
                        tally.admitted.add(1, ordering: .relaxed)
                        if tally.out.add(1, ordering: .sequentiallyConsistent).newValue > 3 {
                            tally.tooMany.add(1, ordering: .relaxed)
                        }
                        await Task.yield()
                        tally.out.subtract(1, ordering: .sequentiallyConsistent)
                        // The others are dropped.
                        if (lane + step) % 2 == 0 { permit.report(.nothing, at: then) }
                    }
                }
            }
        }
        #expect(tally.tooMany.load(ordering: .relaxed) == 0)
        let snapshot = breakers.snapshot(of: "x", at: then)
        #expect((snapshot.state, snapshot.probesOut) == (.halfOpen, 0))
        #expect(snapshot.refused == tally.refused.load(ordering: .relaxed))
        #expect(tally.admitted.load(ordering: .relaxed) + snapshot.refused == 32 * 500)
    }

    @Test func oneSuccessAmongManyProbesClosesItOnce() async throws {
        let breakers = try breakers(probes: 64)
        let start = MonotonicTime.now
        try permit(breakers, "x", at: start).report(.critical, at: start)
        let then = start + .seconds(1)
        let probes = try (0..<64).map { _ in try permit(breakers, "x", at: then) }
        await withTaskGroup(of: Void.self) { group in
            for (lane, probe) in probes.enumerated() {
                group.addTask { probe.report(lane % 2 == 0 ? .success : .nothing, at: then) }
            }
        }
        let snapshot = breakers.snapshot(of: "x", at: then)
        // The first success closed it; the others were of an earlier phase, and count no more.
        #expect((snapshot.state, snapshot.probesOut, snapshot.successes) == (.closed, 0, 0))
    }

    @Test func countsOfManyTasksAddUp() async throws {
        let settings = try BreakerSettings(
            window: .seconds(86_400), minimumSample: 1_000_000, criticalThreshold: 1_000_000,
            criticalWindow: .seconds(86_400))
        let breakers = CircuitBreakers { _ in settings }
        let now = MonotonicTime(nanoseconds: 1_000_000_000)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for outcome in Array(repeating: BreakerOutcome.allCases, count: 250).joined() {
                        guard case .admitted(let permit) = breakers.admit("x", at: now) else { return }
                        permit.report(outcome, at: now)
                    }
                }
            }
        }
        let snapshot = breakers.snapshot(of: "x", at: now)
        #expect((snapshot.successes, snapshot.transientFailures, snapshot.criticalFailures) == (4000, 4000, 4000))
        #expect((snapshot.openings, snapshot.refused) == (0, 0))
    }
}
