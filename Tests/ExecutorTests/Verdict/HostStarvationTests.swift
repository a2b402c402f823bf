import Testing

@testable import Executor

/// The rule of `host_starved`, as `docs/outcomes.md` has it.
@Suite struct HostStarvationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var slowness: RunFacts.Slowness
        var starved: Bool?
    }

    /// A run of 100 seconds, in microseconds.
    private static func slowness(
        cpu: Int64? = 0, throttled: Int64? = 0, io: Int64? = 0, ioLimit: Bool = false, memory: Int64? = 0,
        memoryLimit: Bool = false, wall: Int64 = 100_000_000, cpuCap: Bool = false, memoryCap: Bool = false
    ) -> RunFacts.Slowness {
        var slowness = RunFacts.Slowness(
            wall: wall, cpuFull: cpu, throttled: throttled, ioFull: io, hasIOLimit: ioLimit, memoryFull: memory,
            reachedMemoryLimit: memoryLimit)
        slowness.hasCPUCap = cpuCap
        slowness.hasMemoryCap = memoryCap
        return slowness
    }

    static let cases: [Case] = [
        Case(testDescription: "all its own work", slowness: slowness(), starved: false),
        Case(testDescription: "others had the processors", slowness: slowness(cpu: 25_000_000), starved: true),
        Case(testDescription: "just less than a quarter", slowness: slowness(cpu: 24_999_999), starved: false),
        Case(
            testDescription: "its own quota", slowness: slowness(cpu: 90_000_000, throttled: 90_000_000), starved: false
        ),
        Case(
            testDescription: "its own quota on several processors",
            slowness: slowness(cpu: 90_000_000, throttled: 300_000_000), starved: false),
        Case(
            testDescription: "its own quota, and others",
            slowness: slowness(cpu: 90_000_000, throttled: 50_000_000), starved: true),
        Case(testDescription: "a slow disk", slowness: slowness(io: 30_000_000), starved: true),
        Case(
            testDescription: "an io limit of its own", slowness: slowness(io: 90_000_000, ioLimit: true), starved: false
        ),
        Case(testDescription: "a host short of memory", slowness: slowness(memory: 40_000_000), starved: true),
        Case(
            testDescription: "a memory limit of its own", slowness: slowness(memory: 90_000_000, memoryLimit: true),
            starved: false),
        Case(
            testDescription: "the same page in io and memory counts once",
            slowness: slowness(io: 15_000_000, memory: 15_000_000), starved: false),
        Case(
            testDescription: "processor and disk together", slowness: slowness(cpu: 15_000_000, io: 15_000_000),
            starved: true),
        Case(
            testDescription: "a CPU cap above it", slowness: slowness(cpu: 90_000_000, cpuCap: true), starved: nil),
        Case(
            testDescription: "a CPU cap above it, and a slow disk",
            slowness: slowness(cpu: 90_000_000, io: 30_000_000, cpuCap: true), starved: true),
        Case(
            testDescription: "a memory cap above it", slowness: slowness(memory: 90_000_000, memoryCap: true),
            starved: nil),
        Case(
            testDescription: "a memory cap above it, and others had the processors",
            slowness: slowness(cpu: 30_000_000, memory: 90_000_000, memoryCap: true), starved: true),
        Case(testDescription: "no PSI at all", slowness: slowness(cpu: nil, io: nil, memory: nil), starved: nil),
        Case(testDescription: "no full line for cpu", slowness: slowness(cpu: nil), starved: nil),
        Case(
            testDescription: "no full line for cpu, but a slow disk", slowness: slowness(cpu: nil, io: 50_000_000),
            starved: true),
        Case(
            testDescription: "throttled for nobody knows how long", slowness: slowness(cpu: 90_000_000, throttled: nil),
            starved: nil),
        Case(testDescription: "no time at all", slowness: slowness(wall: 0), starved: nil),
        Case(
            testDescription: "totals beyond all bounds", slowness: slowness(cpu: .max, io: .max, memory: .max),
            starved: true),
    ]

    @Test(arguments: cases)
    func theRuleHolds(_ expected: Case) {
        #expect(HostStarvation(expected.slowness).isStarved == expected.starved)
    }

    @Test func onlyATimedOutSaysIt() {
        var facts = VerdictTests.facts(VerdictTests.killed(9), [.wallDeadline])
        facts.slowness = Self.slowness(cpu: 50_000_000, throttled: 1_000_000)
        facts.slowness?.hostBefore = .init(cpu: 7)
        facts.slowness?.hostAfter = .init(cpu: 9)
        let verdict = Verdict.classify(facts)
        #expect(verdict.hostStarved == true)
        #expect(verdict.evidence.first?.source == "supervisor")
        #expect(
            verdict.evidence.contains(
                Evidence(
                    source: "/proc/pressure/cpu", field: "some total", before: 7, after: 9,
                    text: "on the host, somebody waited for cpu during 0ms")))
        #expect(
            verdict.evidence.contains { ($0.source, $0.field, $0.after) == ("cpu.stat", "throttled_usec", 1_000_000) })
        facts.actions = []
        let other = Verdict.classify(facts)
        #expect(other.hostStarved == nil && !other.evidence.contains { $0.source == "psi" })
    }

    @Test func whyItIsNotKnownIsSaid() throws {
        let evidence = HostStarvation(Self.slowness(cpu: nil, io: nil, memory: nil)).evidence
        #expect(evidence.map(\.source) == ["psi", "cpu.stat"])
        #expect(evidence[0].text.contains("psi=1") && evidence[0].after == nil)
    }

    @Test func theReportSaysItAsABoolean() {
        var facts = VerdictTests.facts(VerdictTests.killed(9), [.wallDeadline])
        facts.slowness = Self.slowness()
        #expect(RunReport(verdict: Verdict.classify(facts)).json().contains("\"host_starved\":false"))
        facts.slowness = nil
        #expect(!RunReport(verdict: Verdict.classify(facts)).json().contains("host_starved"))
    }
}
