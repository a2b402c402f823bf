import Glibc

/// What the supervisor's side saw of one run of the probe.
struct ProofObservation: Sendable {
    var outcome: RunOutcome
    /// The probe's own word; nil where it printed none.
    var word: ProbeWord?
    /// `memory.swap.max` of the run's cgroup while it ran; nil where there is no such file.
    var swapLimit: String?
    /// What was copied out of `/out`, by path, each to a bound.
    var copied: [String: String] = [:]
    /// What the host lost or got by it, whatever the probe says: one sentence each.
    var damage: [String] = []

    var kind: VerdictKind { outcome.report.verdict.kind }
    var artifacts: [String] { outcome.report.artifacts.map(\.path) }

    func evidence(_ source: String, _ field: String) -> Int64? {
        outcome.report.verdict.evidence.first { $0.source == source && $0.field == field }?.after
    }

    /// For people, in one line: the probe's word, or how the run ended.
    var summary: String {
        let verdict = outcome.report.verdict
        let ending = verdict.kind == .clean && !verdict.partial ? nil : verdict.kind.rawValue
        let partial = verdict.partial ? "partial" : nil
        return [word?.text, ending, partial].compactMap { $0 }.joined(separator: ", ")
    }
}

/// The line that the probe prints: see `Sources/HostileProbe/probe.h`.
struct ProbeWord: Sendable, Equatable {
    enum Verb: String, Sendable {
        case refused, done, succeeded, allowed, denied, untried
    }

    var verb: Verb
    var text: String

    /// The first line of what was printed. Nil where that is no word: the probe is hostile too, once the sandbox has failed.
    init?(_ printed: String) {
        let line = printed.prefix(1536).split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first
        guard let line,
            let verb = line.split(separator: " ", maxSplits: 1).first.flatMap({ Verb(rawValue: String($0)) })
        else { return nil }
        self.verb = verb
        text = TerminalText.line(String(line))
    }

    /// Of `refused WHAT=ERRNO ...`: the errno of each call, by its name.
    var refusals: [(what: String, errno: String)] {
        guard verb == .refused else { return [] }
        return text.split(separator: " ").dropFirst().map { item in
            let parts = item.split(separator: "=", maxSplits: 1)
            return (String(parts.first ?? ""), parts.count == 2 ? String(parts[1]) : "")
        }
    }
}
