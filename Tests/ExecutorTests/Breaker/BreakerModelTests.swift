import SystemSupport
import Testing

@testable import Executor

/// The breaker against a model of it that is too simple to be wrong and too slow to be used: it keeps every result with its
/// time for ever, and counts anew at each step.
@Suite struct BreakerModelTests {
    private struct Model {
        struct Result {
            var slot: UInt64
            var criticalSlot: UInt64
            var outcome: BreakerOutcome
            var phase: Int
        }

        let settings: BreakerSettings
        var state = CircuitBreaker.State.closed
        var phase = 0
        var openedAt: UInt64 = 0
        var row = 0
        var since: UInt64
        var out: [Int] = []
        var results: [Result] = []

        func slot(_ now: UInt64, _ window: Duration) -> UInt64 {
            now / (UInt64(window.wholeMicroseconds) * 1000 / 60)
        }

        func coolDown() -> UInt64 {
            var value = UInt64(settings.firstCoolDown.wholeMicroseconds) * 1000
            let longest = UInt64(settings.longestCoolDown.wholeMicroseconds) * 1000
            for _ in 1..<max(1, row) { value = min(longest, value * UInt64(settings.growth)) }
            return value
        }

        func count(_ outcome: BreakerOutcome, _ now: UInt64, critical: Bool = false) -> Int {
            results.filter { result in
                guard result.outcome == outcome, result.phase == phase else { return false }
                let (then, current) =
                    critical
                    ? (result.criticalSlot, slot(now, settings.criticalWindow))
                    : (result.slot, slot(now, settings.window))
                return current - then < 60
            }.count
        }

        mutating func change(_ new: CircuitBreaker.State, _ now: UInt64) {
            state = new
            since = now
            phase += 1
            out = []
            if new == .closed { row = 0 }
            if new == .open {
                row += 1
                openedAt = now
            }
        }

        /// Whether a run is admitted, and whether as a probe.
        mutating func admit(_ now: UInt64, _ number: Int) -> (admitted: Bool, probe: Bool) {
            if state == .open, now >= openedAt + coolDown() { change(.halfOpen, now) }
            if state == .closed { return (true, false) }
            if state == .halfOpen, out.count < settings.probes {
                out.append(number)
                return (true, true)
            }
            return (false, false)
        }

        mutating func record(_ outcome: BreakerOutcome, _ number: Int, _ admittedIn: Int, _ now: UInt64) {
            if admittedIn != phase { return }
            if state == .halfOpen {
                guard let index = out.firstIndex(of: number) else { return }
                out.remove(at: index)
                if outcome == .success { change(.closed, now) }
                if outcome == .transient || outcome == .critical { change(.open, now) }
                return
            }
            results.append(
                Result(
                    slot: slot(now, settings.window), criticalSlot: slot(now, settings.criticalWindow),
                    outcome: outcome, phase: phase))
            let failures = count(.transient, now)
            let sample = failures + count(.success, now) + count(.critical, now)
            if outcome == .critical, count(.critical, now, critical: true) >= settings.criticalThreshold {
                change(.open, now)
            } else if outcome == .transient, sample >= settings.minimumSample,
                Double(failures) / Double(sample) * 100 >= Double(settings.failurePercent)
            {
                change(.open, now)
            }
        }

        mutating func giveBack(_ number: Int, _ admittedIn: Int) {
            if admittedIn == phase, let index = out.firstIndex(of: number) { out.remove(at: index) }
        }
    }

    /// SplitMix64: the same steps for the same seed, everywhere.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func randomInterleavingsAreAsTheModelSays(seed: UInt64) throws {
        var random = Seeded(state: seed)
        // Percentages that a Double holds exactly with small samples; the breaker itself counts in whole numbers.
        let settings = try BreakerSettings(
            window: .seconds(.random(in: 1...60, using: &random)), minimumSample: .random(in: 1...8, using: &random),
            failurePercent: [25, 50, 75, 100].randomElement(using: &random) ?? 50,
            criticalThreshold: .random(in: 1...4, using: &random),
            criticalWindow: .seconds(.random(in: 1...120, using: &random)),
            firstCoolDown: .seconds(.random(in: 1...5, using: &random)), growth: .random(in: 1...3, using: &random),
            longestCoolDown: .seconds(.random(in: 5...40, using: &random)), probes: .random(in: 1...4, using: &random))
        var now: UInt64 = 1_000_000_000
        var breaker = CircuitBreaker(settings, at: MonotonicTime(nanoseconds: now))
        var model = Model(settings: settings, since: now)
        var running: [(permit: CircuitBreaker.Permit, number: Int, phase: Int)] = []
        // How often runs fail differs from seed to seed, so that every state is lived in.
        let failing = Int.random(in: 5...80, using: &random)
        for step in 0..<600 {
            let time = MonotonicTime(nanoseconds: now)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45:
                let expected = model.admit(now, step)
                let admission = breaker.admit(at: time)
                if case .admitted(let permit) = admission {
                    #expect(expected.admitted && expected.probe == permit.isProbe, "seed \(seed), step \(step)")
                    running.append((permit, step, model.phase))
                } else {
                    #expect(!expected.admitted, "seed \(seed), step \(step)")
                }
            case 45..<80:
                guard let index = running.indices.randomElement(using: &random) else { continue }
                let run = running[index]
                // Now and then a report comes twice.
                if Int.random(in: 0..<20, using: &random) > 0 || !run.permit.isProbe { running.remove(at: index) }
                let outcome: BreakerOutcome =
                    Int.random(in: 0..<100, using: &random) < failing
                    ? (Int.random(in: 0..<4, using: &random) == 0 ? .critical : .transient)
                    : (Int.random(in: 0..<5, using: &random) == 0 ? .nothing : .success)
                model.record(outcome, run.number, run.phase, now)
                breaker.record(outcome, for: run.permit, at: time)
            case 80..<85:
                guard let index = running.indices.randomElement(using: &random) else { continue }
                let run = running.remove(at: index)
                model.giveBack(run.number, run.phase)
                breaker.giveBack(run.permit)
            default:
                now += UInt64.random(in: 0...3_000_000_000, using: &random)
            }
            let snapshot = breaker.snapshot(at: MonotonicTime(nanoseconds: now))
            #expect(snapshot.state == model.state, "seed \(seed), step \(step)")
            #expect(snapshot.since.nanoseconds == model.since, "seed \(seed), step \(step)")
            #expect(snapshot.probesOut == model.out.count, "seed \(seed), step \(step)")
            #expect(snapshot.probesOut <= settings.probes, "seed \(seed), step \(step)")
            if model.state == .closed {
                #expect(snapshot.transientFailures == model.count(.transient, now), "seed \(seed), step \(step)")
                #expect(snapshot.successes == model.count(.success, now), "seed \(seed), step \(step)")
                #expect(
                    snapshot.criticalFailures == model.count(.critical, now, critical: true),
                    "seed \(seed), step \(step)")
            }
        }
    }
}
