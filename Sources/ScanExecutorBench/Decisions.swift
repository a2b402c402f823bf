import Executor
import SystemSupport

/// What the decisions about one run cost: its verdict, and the circuit breaker's admission and report. The aim is below
/// 10 µs a run for both together.
enum Decisions {
    private static let aim: Double = 10

    static func printRows(quick: Bool) throws {
        let rounds = quick ? 500 : 5000
        let zero = counters(oom: 0, cpu: 0)
        let clean = RunFacts(
            ending: .exited(code: 0), before: zero, after: counters(oom: 0, cpu: 1_500_000), seccompInstalled: true,
            helpersKilled: 0)
        var worst = RunFacts(
            ending: .signaled(number: 9, coreDumped: false),
            actions: [
                .init(.memoryHigh, at: .seconds(20)),
                .init(.wallDeadline, at: .seconds(60), limit: 60_000_000, observed: 60_001_000),
            ],
            before: zero, after: counters(oom: 2, cpu: 70_000_000), cpuDeadline: .seconds(60), seccompInstalled: true,
            helpersKilled: 3)
        worst.memoryUsers = (1...5).map { MemoryUser(pid: $0, name: "python3", residentBytes: 64 << 20) }
        worst.slowness = .init(
            wall: 60_000_000, cpuFull: 20_000_000, throttled: 4_000_000, ioFull: 3_000_000, memoryFull: 100_000,
            hostBefore: .init(cpu: 1, memory: 2, io: 3), hostAfter: .init(cpu: 5, memory: 6, io: 7))
        printRow("verdict, clean", "deciding why a run ended", rounds) { [clean] in
            Verdict.classify(clean).evidence.count
        }
        var ordinary = worst
        ordinary.actions.removeFirst()
        ordinary.memoryUsers = []
        ordinary.helpersKilled = 0
        ordinary.after = counters(oom: 0, cpu: 1_500_000)
        printRow("verdict, timed out", "the same with pressure and throttling", rounds) { [ordinary] in
            Verdict.classify(ordinary).evidence.count
        }
        printRow("verdict, at its longest", "the same with every kind of evidence at once", rounds) { [worst] in
            Verdict.classify(worst).evidence.count
        }

        let breakers = CircuitBreakers()
        let types = (0..<8).map { "scanner-\($0)" }
        var number = 0
        printRow("breaker", "admitting a run and reporting its result, among 8 scanner types", rounds) {
            number += 1
            guard case .admitted(let permit) = breakers.admit(types[number % types.count]) else { return 0 }
            permit.report(number % 10 == 0 ? .transient : .success)
            return 1
        }
    }

    /// A hundred at a time: the clock costs as much as one of them.
    private static func printRow(_ name: String, _ what: String, _ rounds: Int, _ decide: () -> Int) {
        var samples = Samples()
        var sum = 0
        for round in 0..<(rounds + 50) {
            let begun = MonotonicTime.now
            for _ in 0..<100 { sum &+= decide() }
            let taken = MonotonicTime.now - begun
            if round >= 50 { samples.add(taken / 100) }
        }
        precondition(sum > 0, "the decisions were made")
        let (median, slowest) = (samples.quantile(0.5) ?? 0, samples.quantile(0.99) ?? 0)
        BenchRow(
            name: "scan-executor, \(name)", what: what, floor: "none", p50: median, p99: slowest,
            count: samples.count * 100, extra: [("p50", median), ("p99", slowest), ("aim", aim)]
        ).printLine()
    }

    private static func counters(oom: Int64, cpu: Int64) -> RunFacts.Counters {
        RunFacts.Counters(
            oomKills: oom, oomGroupKills: oom, memoryHighEvents: oom, pidsMaxEvents: 0, cpuUsageMicroseconds: cpu)
    }
}
