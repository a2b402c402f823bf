import CgroupV2
import SystemSupport

/// Reads the counters of the cgroups above a run, where they have caps, before it and after it.
struct CapWatch {
    private var facts: CapFacts
    private let tree: CgroupTree
    private let type: String

    /// Nil where no cap on memory or processes is above the run: nothing is read then.
    init?(_ tree: CgroupTree, _ caps: HostCaps?, type: String) {
        guard let caps else { return nil }
        self.tree = tree
        self.type = type
        var levels: [CapFacts.Level] = []
        if let own = caps.types[type], own.memory != nil || own.pids != nil {
            levels.append(
                .init(name: "all \(type) scans together", cgroup: "tasks/\(type)", memory: own.memory, pids: own.pids))
        }
        if caps.all.memory != nil || caps.all.pids != nil {
            levels.append(
                .init(name: "all scans together", cgroup: "tasks", memory: caps.all.memory, pids: caps.all.pids))
        }
        if levels.isEmpty { return nil }
        facts = CapFacts(levels: levels)
        for index in levels.indices {
            let events = events(levels[index])
            facts.levels[index].oomBefore = events.outOfMemory.map { Int64(clamping: $0) }
            facts.levels[index].refusedBefore = events.refusedForks.map { Int64(clamping: $0) }
        }
    }

    /// - Parameter usage: the run's own, at its end.
    func facts(_ usage: CgroupUsage?, _ limits: ScannerLimits) -> CapFacts {
        var facts = facts
        for index in facts.levels.indices {
            let events = events(facts.levels[index])
            facts.levels[index].oomAfter = events.outOfMemory.map { Int64(clamping: $0) }
            facts.levels[index].refusedAfter = events.refusedForks.map { Int64(clamping: $0) }
        }
        facts.ownOOM = usage?.memory?.events?.oom.map { Int64(clamping: $0) }
        facts.pidsPeak = usage?.pids?.peak.map { Int64(clamping: $0) }
        facts.pidsLimit = Int64(limits.pids)
        return facts
    }

    /// What cannot be read is not known; no run fails for it.
    private func events(_ level: CapFacts.Level) -> CapEvents {
        let found = level.cgroup == "tasks" ? try? tree.capEvents() : try? tree.capEvents(type: type)
        return found ?? CapEvents()
    }
}
