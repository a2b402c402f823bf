import SystemSupport

/// Whether the host, and not the run's own work or limits, kept a run from its deadline.
///
/// The run is taken to have been starved when the host held it back for at least a quarter of its time:
///
///     (cpu.pressure full − throttled_usec) + the greater of (io.pressure full) and (memory.pressure full) ≥ wall / 4
///
/// - `full` of a cgroup's cpu.pressure is the time in which threads of the run were ready and none of them ran: others had
///   the processor, or the run's own quota forbade it (Linux 5.13). The quota's part, `throttled_usec`, is the task's own;
///   it is summed over processors and subtracted whole, so a run that its quota held back is called starved later, not
///   sooner. `some` would count a run's own threads waiting for each other.
/// - Waiting for I/O counts unless the run has an io limit: then nobody can tell the limit's part.
/// - Waiting for memory counts unless the run reached a memory limit of its own: then the waiting is of its own making.
///   The greater of the two, because a page that is read back in is in both.
///
/// - Where a cap on the processors or the memory of several runs together is above the run, that part is not known: what is
///   waited for under it is in the run's pressure, and `throttled_usec` counts the run's own quota alone.
///
/// Parts that are not known make the answer unknown, unless the others decide it.
struct HostStarvation {
    /// Nil: not known.
    let isStarved: Bool?
    let evidence: [Evidence]

    /// The share of the run's time, as one over this number.
    private static let share: Int64 = 4

    init(_ slowness: RunFacts.Slowness) {
        let cpu: Int64? =
            if !slowness.hasCPUCap, let full = slowness.cpuFull, let throttled = slowness.throttled {
                max(0, full - throttled)
            } else { nil }
        let io = slowness.hasIOLimit ? 0 : slowness.ioFull
        let memory = slowness.reachedMemoryLimit ? 0 : slowness.hasMemoryCap ? nil : slowness.memoryFull
        let held = Self.sum(cpu ?? 0, max(io ?? 0, memory ?? 0))
        let bound = slowness.wall / Self.share
        let isUnknown = cpu == nil || io == nil || memory == nil
        isStarved = slowness.wall <= 0 ? nil : held >= bound ? true : isUnknown ? nil : false

        var items: [Evidence] = []
        let (wait, of) = (Duration.microseconds(held).shortText, Duration.microseconds(slowness.wall).shortText)
        let text =
            switch isStarved {
            case true: "the host held the run back for \(wait) of \(of), a quarter or more: host_starved"
            case false: "the host held the run back for \(wait) of \(of), less than a quarter: not host_starved"
            default: "whether the host starved the run is not known: " + Self.unknown(slowness)
            }
        items.append(
            Evidence(source: "psi", field: "host_us", after: isUnknown && isStarved == nil ? nil : held, text: text))
        items += Self.own(slowness) + Self.host(slowness)
        evidence = items
    }

    private static func unknown(_ slowness: RunFacts.Slowness) -> String {
        if slowness.cpuFull == nil && slowness.ioFull == nil && slowness.memoryFull == nil {
            return "the kernel reports no pressure (PSI is not built in, or needs psi=1 on its command line)"
        }
        if slowness.cpuFull == nil { return "cpu.pressure has no full line (Linux 5.13)" }
        if slowness.hasCPUCap { return "a CPU cap on several scans together is above it, whose part nobody can tell" }
        if slowness.hasMemoryCap, !slowness.reachedMemoryLimit {
            return "a memory cap on several scans together is above it, whose part nobody can tell"
        }
        if slowness.throttled == nil { return "cpu.stat does not say for how long the quota held it back" }
        return "the kernel does not report all of cpu, io and memory pressure"
    }

    /// The cgroup was made for the run: its totals began at zero.
    private static func own(_ slowness: RunFacts.Slowness) -> [Evidence] {
        func item(_ source: String, _ field: String, _ value: Int64?, _ text: String) -> Evidence? {
            value.map {
                Evidence(
                    source: source, field: field, before: 0, after: $0,
                    text: "\(Duration.microseconds($0).shortText) \(text)")
            }
        }
        return [
            item("cpu.pressure", "full total", slowness.cpuFull, "with threads ready to run and none running"),
            item(
                "cpu.stat", "throttled_usec", slowness.throttled,
                "held back by the run's own CPU quota, over all processors"),
            item(
                "io.pressure", "full total", slowness.ioFull,
                "waiting for I/O" + (slowness.hasIOLimit ? ", under an io limit of its own" : "")),
            item(
                "memory.pressure", "full total", slowness.memoryFull,
                "waiting for memory" + (slowness.reachedMemoryLimit ? ", at a memory limit of its own" : "")),
        ].compactMap { $0 }
    }

    private static func host(_ slowness: RunFacts.Slowness) -> [Evidence] {
        func item(_ name: String, _ before: Int64?, _ after: Int64?) -> Evidence? {
            guard let before, let after, after >= before else { return nil }
            return Evidence(
                source: "/proc/pressure/\(name)", field: "some total", before: before, after: after,
                text:
                    "on the host, somebody waited for \(name) during \(Duration.microseconds(after - before).shortText)"
            )
        }
        let (before, after) = (slowness.hostBefore, slowness.hostAfter)
        return [
            item("cpu", before.cpu, after.cpu), item("memory", before.memory, after.memory),
            item("io", before.io, after.io),
        ].compactMap { $0 }
    }

    /// Saturates: totals are the kernel's, but nothing here may trap.
    private static func sum(_ first: Int64, _ second: Int64) -> Int64 {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }
}
