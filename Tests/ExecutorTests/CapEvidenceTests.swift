import SystemSupport
import Testing

@testable import Executor

/// Whether a run met its own limit or a cap over several runs, from what each kind of kernel counts.
@Suite struct CapEvidenceTests {
    private func caps(
        ownOOM: Int64? = 0, oom: (type: Int64, all: Int64) = (0, 0), refused: (type: Int64, all: Int64)? = nil,
        peak: Int64? = nil
    ) -> CapFacts {
        var type = CapFacts.Level(
            name: "all tool scans together", cgroup: "tasks/tool", memory: .mebibytes(128), pids: 32)
        var all = CapFacts.Level(name: "all scans together", cgroup: "tasks", memory: .mebibytes(256), pids: 64)
        (type.oomBefore, type.oomAfter) = (5, 5 + oom.type)
        (all.oomBefore, all.oomAfter) = (7, 7 + oom.all)
        if let refused {
            (type.refusedBefore, type.refusedAfter) = (2, 2 + refused.type)
            (all.refusedBefore, all.refusedAfter) = (3, 3 + refused.all)
        }
        var caps = CapFacts(levels: [type, all])
        caps.ownOOM = ownOOM
        caps.pidsPeak = peak
        caps.pidsLimit = 16
        return caps
    }

    private func verdict(
        _ caps: CapFacts?, oomKills: Int64 = 0, refusedForks: Int64 = 0, ending: RunFacts.Ending = .exited(code: 3)
    ) -> Verdict {
        var facts = RunFacts(ending: ending)
        facts.before = .init(oomKills: 0, pidsMaxEvents: 0)
        facts.after = .init(oomKills: oomKills, pidsMaxEvents: refusedForks)
        facts.caps = caps
        return Verdict.classify(facts)
    }

    private func texts(_ verdict: Verdict) -> [String] {
        verdict.evidence.filter { $0.source.contains("local") || $0.source == "pids.peak" }.map {
            "\($0.source): \($0.text)"
        }
    }

    @Test func aKillAtACapNamesTheCap() {
        let killed = RunFacts.Ending.signaled(number: 9, coreDumped: false)
        let type = verdict(caps(oom: (1, 0)), oomKills: 1, ending: killed)
        #expect(type.kind == .oomKilled && type.evidence.first?.source == "memory.events")
        #expect(
            texts(type) == [
                "memory.events.local of tasks/tool: the cap of all tool scans together, 128MiB, was reached, and not this run's own limit"
            ])
        let evidence = type.evidence.first { $0.field == "oom" }
        #expect(evidence?.before == 5 && evidence?.after == 6)
        let all = verdict(caps(oom: (0, 2)), oomKills: 1, ending: killed)
        #expect(texts(all).first?.contains("the cap of all scans together, 256MiB, was reached") == true)
        // Another run of the type met the cap meanwhile; this one its own limit.
        #expect(texts(verdict(caps(ownOOM: 1, oom: (1, 0)), oomKills: 1, ending: killed)) == [])
        // Nothing was killed here, or nobody can tell.
        #expect(texts(verdict(caps(oom: (1, 0)))) == [])
        #expect(texts(verdict(caps(ownOOM: nil, oom: (1, 0)), oomKills: 1, ending: killed)) == [])
        #expect(texts(verdict(nil, oomKills: 1, ending: killed)) == [])
    }

    @Test func aForkRefusedAtACapIsCountedThereSinceLinux6_11() {
        let refused = verdict(caps(refused: (2, 0)))
        #expect(refused.kind == .pidsExhausted && refused.failureClass == .transient)
        #expect(
            texts(refused) == [
                "pids.events.local of tasks/tool: 2 forks or threads were refused at the cap of all tool scans together, 32; the "
                    + "kernel does not say to which of them"
            ])
        #expect(refused.evidence.first?.before == 2 && refused.evidence.first?.after == 4)
        #expect(verdict(caps(refused: (0, 1))).evidence.first?.source == "pids.events.local of tasks")
        // A run that succeeds is a success, whatever was refused.
        let success = verdict(caps(refused: (2, 0)), ending: .exited(code: 0))
        #expect(success.kind == .clean && texts(success).count == 1)
        let none = verdict(caps(refused: (0, 0)))
        #expect(none.kind == .scannerError && texts(none) == [])
    }

    @Test func beforeThatThePeakTellsTheCapFromTheRunsOwnLimit() {
        let atCap = verdict(caps(peak: 9), refusedForks: 1)
        #expect(atCap.kind == .pidsExhausted && atCap.evidence.first?.source == "pids.events")
        #expect(
            texts(atCap) == [
                "pids.peak: this run never had more than 9 of its own 16 processes, so the cap was reached of all tool scans "
                    + "together, 32, or of all scans together, 64"
            ])
        #expect(texts(verdict(caps(peak: 16), refusedForks: 1)) == [])
        #expect(texts(verdict(caps(peak: nil), refusedForks: 1)) == [])
        #expect(texts(verdict(caps(peak: 9))) == [])
    }
}
