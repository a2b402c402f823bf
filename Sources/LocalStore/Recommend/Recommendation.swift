import Executor

/// The limits proposed for one scanner.
public struct Recommendation: Sendable, Equatable {
    /// In the order of a profile. Not `out`: what is known is the artifacts' bytes, and the limit is on whole pages and on inodes, with
    /// the files that were gone at the end.
    public static let metrics: [AuditMetric] = [.memory, .pids, .printed, .wall, .cpu]

    public var scanner: String
    /// Its runs in the time looked at, whatever came of them.
    public var runs: Int64
    public var proposals: [LimitProposal] = []
    /// Limits that nothing can be said of, and the successful runs there are for them.
    public var tooFew: [AuditMetric: Int64] = [:]
    /// Why the limits set now are not known, and none can be set; nil where they are.
    public var unknownCurrent: String?

    /// The key in a profile: `limits.memory`, `deadlines.cpu`.
    static func key(_ metric: AuditMetric) -> (section: String, name: String) {
        switch metric {
        case .wall: ("deadlines", "wall")
        case .cpu: ("deadlines", "cpu")
        case .memory: ("limits", "memory")
        case .pids: ("limits", "pids")
        case .out: ("limits", "out")
        case .printed, .ioRead, .ioWrite: ("limits", "printed")
        }
    }

    /// `limits.memory`.
    public static func path(_ metric: AuditMetric) -> String { "\(key(metric).section).\(key(metric).name)" }

    /// A limit as a profile spells it.
    public static func text(_ metric: AuditMetric, _ value: Int64) -> String { NeatLimit.text(metric, value) }

    /// What goes below `scanners:` in the configuration file; empty where nothing is proposed, or nothing could be set.
    public var fragment: [String] {
        let proposals = proposals.filter {
            if case .asSet = $0.held { false } else { true }
        }
        if proposals.isEmpty || unknownCurrent != nil || !ScannerProfile.isName(scanner) { return [] }
        return ["  \(scanner):"]
            + ["limits", "deadlines"].compactMap { section in
                let pairs = proposals.filter { Self.key($0.metric).section == section }.map {
                    "\(Self.key($0.metric).name): \(NeatLimit.text($0.metric, $0.proposed))"
                }
                return pairs.isEmpty ? nil : "    \(section): {\(pairs.joined(separator: ", "))}"
            }
    }

    /// The change against what is set now, as diff -u shows one; empty where nothing changes, or what is set is not known.
    public var difference: [String] {
        if unknownCurrent != nil || !proposals.contains(where: { $0.current != $0.proposed }) { return [] }
        var lines = ["--- \(scanner), as set now", "+++ \(scanner), proposed"]
        for section in ["limits", "deadlines"] {
            let ofSection = proposals.filter { Self.key($0.metric).section == section }
            if ofSection.isEmpty { continue }
            lines.append(" \(section):")
            for proposal in ofSection {
                let name = Self.key(proposal.metric).name
                let proposed = "  \(name): \(NeatLimit.text(proposal.metric, proposal.proposed))"
                if proposal.current == proposal.proposed {
                    lines.append(" " + proposed)
                    continue
                }
                if let current = proposal.current {
                    lines.append("-  \(name): \(NeatLimit.text(proposal.metric, current))")
                }
                lines.append("+" + proposed)
            }
        }
        return lines
    }
}

/// The limits that are in force for a scanner now, wherever they are set.
public struct CurrentLimits: Sendable {
    public var limits: [AuditMetric: Int64] = [:]
    /// What the profile says that the scanner needs: no limit may be set lower.
    public var minimum: [AuditMetric: Int64] = [:]
    /// What no limit may be set higher than: the stated maximum, and the caps.
    public var maximum: [AuditMetric: Int64] = [:]
    /// Why the configuration would refuse a limit; nil where it would take it.
    public var refusal: @Sendable (AuditMetric, Int64) -> String? = { _, _ in nil }
    /// Why they are not known.
    public var problem: String?

    public init() {}
}
