import SystemSupport

/// The sentences of a verdict: each turns one measured fact into evidence, or into nil where the fact is not there.
extension Verdict {
    /// Everything worth saying beside what decided, in a fixed order.
    static func observations(_ facts: RunFacts) -> [Evidence] {
        var found: [Evidence?] = facts.actions.map(action)
        switch facts.ending {
        case .exited, .signaled: found.append(ending(facts))
        case .launchFailed(let failure): found.append(launch(failure))
        case .notStarted, .invalidTask, .unknown: break
        }
        found.append(oomKill(facts))
        found.append(unknownOOM(facts))
        found.append(heldBackAtMemoryHigh(facts))
        found += facts.memoryUsers.map(memoryUser)
        found.append(cpuOverDeadline(facts))
        found.append(pidsRefused(facts))
        found += capObservations(facts)
        if let killed = facts.helpersKilled, killed > 0 {
            found.append(
                Evidence(
                    source: "supervisor", field: "helpers_killed", after: Int64(killed),
                    text: killed == 1
                        ? "another process of the run was ended by a signal"
                        : "\(killed) other processes of the run were ended by signals"))
        }
        if case .signaled(SignalName.badSystemCall, _) = facts.ending, !facts.seccompInstalled {
            found.append(Evidence(source: "seccomp", text: "SIGSYS, and the run had no filter of ours"))
        }
        found.append(leak(facts.cleanup))
        return found.compactMap { $0 }
    }

    static func ending(_ facts: RunFacts) -> Evidence {
        switch facts.ending {
        case .exited(let code):
            let meaning =
                facts.exitCodes[code].map { "\($0.rawValue) by the profile's table" }
                ?? "a code that the profile's table does not list"
            return Evidence(
                source: "wait status", field: "exit_code", after: Int64(code),
                text: "the scanner exited with \(code): \(meaning)")
        case .signaled(let number, let coreDumped):
            let core = coreDumped ? ", with a core dump" : ""
            return Evidence(
                source: "wait status", field: "signal", after: Int64(number),
                text: "\(SignalName.of(number)) ended the scanner\(core)")
        case .launchFailed(let failure): return launch(failure)
        case .notStarted: return Evidence(source: "supervisor", text: "the scanner was not started")
        case .invalidTask(let reason): return Evidence(source: "task", text: reason)
        case .unknown(let reason): return Evidence(source: "supervisor", text: reason)
        }
    }

    static func launch(_ failure: RunFacts.LaunchFailure) -> Evidence {
        let number = failure.index.map { " \($0)" } ?? ""
        let item = failure.item.map { " (\($0))" } ?? ""
        return Evidence(
            source: "launch", field: "errno", after: Int64(failure.errno.rawValue),
            text: "step \(failure.step)\(number)\(item): \(failure.errno) (\(failure.errno.symbol))")
    }

    static func action(_ action: RunFacts.Action) -> Evidence {
        let (name, field): (String, String?) =
            switch action.kind {
            case .wallDeadline: ("the wall deadline", "wall_us")
            case .cpuDeadline: ("the CPU deadline", "cpu_us")
            case .outputLimit: ("the output limit", "output_bytes")
            case .cancelled: ("the cancellation", nil)
            case .deadlineNear: ("the soft landing before the deadline", "wall_us")
            case .memoryHigh: ("the soft landing at memory.high", nil)
            }
        let limit = action.limit.map {
            " of " + (action.kind == .outputLimit ? "\($0) bytes" : Duration.microseconds($0).shortText)
        }
        let reason = action.reason.map { ": \($0)" } ?? ""
        return Evidence(
            source: "supervisor", field: field, after: action.observed,
            text: "\(name)\(limit ?? "") fired \(action.at.shortText) after the launch\(reason)")
    }

    /// A counter that rose. Unknown before counts as nothing to compare with, so as not risen.
    private static func risen(_ facts: RunFacts, _ counter: KeyPath<RunFacts.Counters, Int64?>) -> (
        before: Int64, after: Int64
    )? {
        guard let before = facts.before?[keyPath: counter], let after = facts.after?[keyPath: counter], after > before
        else { return nil }
        return (before, after)
    }

    static func oomKill(_ facts: RunFacts) -> Evidence? {
        guard let (before, after) = risen(facts, \.oomKills) else { return nil }
        let group = risen(facts, \.oomGroupKills) == nil ? "" : ", the whole cgroup with it"
        return Evidence(
            source: "memory.events", field: "oom_kill", before: before, after: after,
            text: "the kernel killed \(after - before) of the run's processes for lack of memory\(group)")
    }

    /// A SIGKILL whose cause nobody could read.
    private static func unknownOOM(_ facts: RunFacts) -> Evidence? {
        guard case .signaled(SignalName.kill, _) = facts.ending, facts.actions.isEmpty else { return nil }
        if facts.before?.oomKills != nil && facts.after?.oomKills != nil { return nil }
        return Evidence(source: "memory.events", text: "not available: an OOM kill cannot be told from another SIGKILL")
    }

    /// Only said where it was asked about: with a memory.high and no soft landing it is an ordinary state.
    private static func heldBackAtMemoryHigh(_ facts: RunFacts) -> Evidence? {
        guard facts.actions.contains(where: { $0.kind == .memoryHigh }),
            let (before, after) = risen(facts, \.memoryHighEvents)
        else { return nil }
        return Evidence(
            source: "memory.events", field: "high", before: before, after: after,
            text: "the run was held back at memory.high \(after - before) times")
    }

    private static func memoryUser(_ user: MemoryUser) -> Evidence {
        Evidence(
            source: "/proc/\(user.pid)/statm", field: "resident_bytes", after: user.residentBytes,
            text: "at the soft landing, \(user.name) held \(ByteCount(user.residentBytes).map { "\($0)" } ?? "-")")
    }

    /// What the kernel's log says of the filter, the deciding words first.
    static func kernelLog(_ word: KernelLogWord) -> [Evidence] {
        func said(_ text: String) -> Evidence { Evidence(source: "kernel log", field: "syscall", text: text) }
        switch word {
        case .notAsked:
            return [Evidence(source: "seccomp", text: "SIGSYS ended the scanner, which ran under our filter")]
        case .unreadable(let reason):
            return [
                Evidence(source: "seccomp", text: "SIGSYS ended the scanner, which ran under our filter"),
                said("which call it was is not known: \(reason)"),
            ]
        case .silent(let dropped):
            return [
                Evidence(source: "seccomp", text: "SIGSYS ended the scanner, which ran under our filter"),
                said(
                    dropped
                        ? "which call it was is not known: the kernel left lines out of its log"
                        : "which call it was is not known: the kernel's log has no line of it; the log's rate limit or an audit "
                            + "daemon may have kept it out, or a process sent the signal"),
            ]
        case .calls(let calls):
            return calls.map {
                Evidence(
                    source: "kernel log", field: "syscall", after: $0.number,
                    text: "the filter killed a process of the run for \($0.text)")
            }
        }
    }

    static func cpuOverDeadline(_ facts: RunFacts) -> Evidence? {
        guard let deadline = facts.cpuDeadline?.wholeMicroseconds, let after = facts.after?.cpuUsageMicroseconds else {
            return nil
        }
        let used = after - (facts.before?.cpuUsageMicroseconds ?? 0)
        if used < deadline { return nil }
        return Evidence(
            source: "cpu.stat", field: "usage_usec", before: facts.before?.cpuUsageMicroseconds, after: after,
            text: "the run used \(Duration.microseconds(used).shortText) of processor time, and its deadline is "
                + Duration.microseconds(deadline).shortText)
    }

    static func pidsRefused(_ facts: RunFacts) -> Evidence? { ownPIDsRefused(facts) ?? refusedAtCap(facts) }

    static func ownPIDsRefused(_ facts: RunFacts) -> Evidence? {
        guard let (before, after) = risen(facts, \.pidsMaxEvents) else { return nil }
        let count = after - before == 1 ? "a fork or thread was" : "\(after - before) forks or threads were"
        return Evidence(
            source: "pids.events", field: "max", before: before, after: after,
            text: "\(count) refused at the limit of processes (pids)")
    }

    static func leak(_ cleanup: RunFacts.Cleanup) -> Evidence? {
        switch cleanup {
        case .done: return nil
        case .stillPopulated(let processes, let after):
            let count = processes.map { "\($0) processes were" } ?? "processes were"
            return Evidence(
                source: "cgroup.events", field: "populated", after: 1,
                text: "\(count) still there \(after.shortText) after the kill")
        case .failed(let reason): return Evidence(source: "clean-up", text: reason)
        }
    }
}
