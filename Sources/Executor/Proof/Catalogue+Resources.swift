import Glibc
import SystemSupport

extension Attack {
    /// What a bomb stops at by itself, so that a host which holds nothing is not taken along.
    private static let bound = "\(4 * limits.memory.bytes)"
    private static let modest = "\(limits.memory.bytes / 8)"

    private static let killedForMemory = Expect.all(
        Expect.ended(.oomKilled), Expect.counted("memory.events", "oom_kill"),
        { seen in
            guard let peak = seen.outcome.report.usage.memoryPeakBytes else { return nil }
            return peak <= limits.memory.bytes
                ? nil : "memory.peak is \(peak), over the limit of \(limits.memory.bytes)"
        })

    private static let refusedForPIDs = Expect.all(
        Expect.ended(.pidsExhausted), Expect.counted("pids.events", "max", least: 64),
        { seen in
            guard let peak = seen.outcome.report.usage.pidsPeak else { return nil }
            return peak <= limits.pids ? nil : "pids.peak is \(peak), over the limit of \(limits.pids)"
        })

    private static func memoryBomb(
        _ name: String, _ guarantee: String,
        prepare: @escaping @Sendable (inout RunRequest, ProofField) -> Void = { _, _ in },
        expects: @escaping Check = killedForMemory
    ) -> Attack {
        Attack(
            name, .resources, guarantee, needs: [.memory], words: { _ in [bound] }, controlWords: { _ in [modest] },
            prepare: prepare, prepareControl: prepare, expects: expects)
    }

    static let resources: [Attack] = [
        Attack(
            "fork-bomb", .resources, "Processes beyond `pids` are refused, however fast they multiply.", needs: [.pids],
            expects: refusedForPIDs),
        Attack(
            "thread-bomb", .resources, "Threads count as processes do.", needs: [.pids], expects: refusedForPIDs),
        memoryBomb("memory-bomb", "Memory over `memory` ends the run, and the kernel counts it."),
        memoryBomb(
            "tmpfs-memory", "Files in /tmp count as the run's memory.",
            prepare: { request, _ in request.limits.tmp = .mebibytes(256) }),
        memoryBomb("memfd-bomb", "Memory behind descriptors (memfd) counts as the run's."),
        memoryBomb(
            "pipe-bomb", "What waits in pipes counts as the run's memory.",
            prepare: { request, _ in request.limits.openFiles = 1024 }),
        memoryBomb(
            "swap-escape", "Memory does not evade its limit into swap.",
            expects: Expect.all(
                killedForMemory,
                { seen in
                    switch seen.swapLimit {
                    case "0": nil
                    // Where the kernel does not count swap, there must be none.
                    case nil: ProofField.hasSwap ? "the host has swap, and the kernel does not limit it" : nil
                    case .some(let text): "memory.swap.max is \(text), not 0"
                    }
                })),
        Attack(
            "child-oom", .resources,
            "A process killed for memory makes the verdict partial although its leader exits 0.",
            needs: [.memory], words: { _ in [bound] }, controlWords: { _ in [modest] },
            prepare: { request, _ in request.limits.oomGroup = false },
            expects: Expect.all(
                Expect.done(), Expect.counted("memory.events", "oom_kill"),
                { $0.outcome.report.verdict.partial ? nil : "the verdict is not partial" })),
        Attack(
            "tmpfs-bomb", .resources, "/tmp and /out take no byte beyond their quotas.",
            words: { _ in [bound] },
            expects: Expect.all(
                Expect.refused("ENOSPC"),
                { seen in
                    let bytes = seen.outcome.report.artifacts.reduce(0) { $0 + $1.bytes }
                    return bytes == limits.out.bytes ? nil : "/out held \(bytes) bytes, not \(limits.out.bytes)"
                })),
        Attack(
            "shm-bomb", .resources, "/dev/shm takes no byte beyond the quota of /tmp.", words: { _ in [bound] },
            expects: Expect.refused("ENOSPC")),
        Attack(
            "inode-flood", .resources, "/tmp and /out take no file beyond their quotas.", words: { _ in ["100000"] },
            expects: Expect.all(
                Expect.refused("ENOSPC"),
                { seen in
                    // The root of /out is one of them.
                    seen.artifacts.count == limits.outInodes - 1 ? nil : "/out held \(seen.artifacts.count) files"
                })),
        Attack(
            "sparse-file", .resources, "A file of a pebibyte, all holes, is neither read nor copied.",
            expects: Expect.all(Expect.done(), Expect.artifacts(), passedOver("holes")),
            controlExpects: Expect.all(Expect.allowed, Expect.artifacts("holes"))),
        Attack(
            "deep-directories", .resources, "A thousand directories deep is passed over.",
            prepare: { request, _ in request.limits.outInodes = 1100 },
            expects: Expect.all(Expect.done(), Expect.artifacts(), passedOver("deeper")),
            controlExpects: Expect.all(Expect.allowed, Expect.artifacts("d/d/d/bottom"))),
        Attack(
            "descriptor-exhaustion", .resources, "A process opens no more than `open_files`.",
            words: { _ in ["\(limits.openFiles)"] }, expects: Expect.refused("EMFILE")),
        Attack(
            "cpu-spin", .resources, "Processor time over its deadline ends the run.",
            prepare: { request, _ in request.deadlines.cpu = .milliseconds(200) },
            expects: Expect.all(
                Expect.ended(.cpuExhausted), Expect.counted("supervisor", "cpu_us", least: 200_000))),
        Attack(
            "cpu-quota", .resources, "The run gets no more than `cpu` cores.", needs: [.cpu],
            words: { _ in ["100"] },
            prepare: { request, _ in
                if let fifth = CPUCount(millicores: 200) { request.limits.cpu = fifth }
            },
            expects: Expect.all(
                Expect.done(),
                { ($0.outcome.report.usage.throttledMicroseconds ?? 0) > 0 ? nil : "the kernel held nothing back" })),
        Attack(
            "short-burners", .resources, "Processor time of a thousand short processes counts together.",
            words: { _ in ["10"] },
            prepare: { request, _ in request.deadlines.cpu = .milliseconds(300) },
            expects: Expect.all(
                Expect.ended(.cpuExhausted), Expect.counted("supervisor", "cpu_us", least: 300_000))),
        Attack(
            "stdout-flood", .resources, "10 GiB of stdout end at `printed`, counted and not kept.",
            words: { _ in ["\(10 << 30)"] },
            expects: Expect.all(
                Expect.ended(.outputExceeded),
                { seen in
                    let bytes = seen.outcome.report.output.stdoutBytes ?? 0
                    if bytes <= limits.printed.bytes || bytes >= 10 << 30 { return "\(bytes) bytes were counted" }
                    let kept = seen.outcome.report.output.stdout?.utf8.count ?? 0
                    return kept <= 1 << 20 ? nil : "\(kept) bytes were kept"
                })),
    ]

    static func passedOver(_ reason: String) -> Check {
        { seen in
            let found = seen.outcome.passedOver
            return found.contains { $0.contains(reason) } ? nil : "passed over were \(found)"
        }
    }
}
