import SystemSupport

/// The sentences that tell a cap over several runs from a run's own limit.
extension Verdict {
    static func capObservations(_ facts: RunFacts) -> [Evidence] {
        memoryCap(facts) + [refusedAtCap(facts), forksRefusedAbove(facts)].compactMap { $0 }
    }

    /// The kernel counts `oom_kill` where the victim is, and `oom` where the limit is that was reached.
    private static func memoryCap(_ facts: RunFacts) -> [Evidence] {
        guard let caps = facts.caps, caps.ownOOM == 0, oomKill(facts) != nil else { return [] }
        return caps.levels.compactMap { level in
            guard let before = level.oomBefore, let after = level.oomAfter, after > before else { return nil }
            let cap = level.memory.map { ", \($0)," } ?? ""
            return Evidence(
                source: "memory.events.local of \(level.cgroup)", field: "oom", before: before, after: after,
                text: "the cap of \(level.name)\(cap) was reached, and not this run's own limit")
        }
    }

    /// Since Linux 6.11 a refused fork is counted where the limit is that refused it, and in no cgroup below.
    static func refusedAtCap(_ facts: RunFacts) -> Evidence? {
        for level in facts.caps?.levels ?? [] {
            guard let before = level.refusedBefore, let after = level.refusedAfter, after > before else { continue }
            let count = after - before == 1 ? "a fork or thread was" : "\(after - before) forks or threads were"
            let cap = level.pids.map { ", \($0)" } ?? ""
            return Evidence(
                source: "pids.events.local of \(level.cgroup)", field: "max", before: before, after: after,
                text: "\(count) refused at the cap of \(level.name)\(cap); the kernel does not say to which of them")
        }
        return nil
    }

    /// Before, it is counted where the fork was tried: that the run's own limit was not reached shows in its peak.
    private static func forksRefusedAbove(_ facts: RunFacts) -> Evidence? {
        guard let caps = facts.caps, caps.levels.allSatisfy({ $0.refusedAfter == nil }),
            ownPIDsRefused(facts) != nil, let peak = caps.pidsPeak, let limit = caps.pidsLimit, peak < limit
        else { return nil }
        let names = caps.levels.compactMap { level in level.pids.map { "\(level.name), \($0)" } }
        if names.isEmpty { return nil }
        return Evidence(
            source: "pids.peak", after: peak,
            text: "this run never had more than \(peak) of its own \(limit) processes, so the cap was reached of "
                + names.joined(separator: ", or of "))
    }
}
