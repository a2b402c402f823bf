import Executor
import LocalStore

/// `audit recommend` for people: why, the change, and what to paste.
struct RecommendText {
    let found: [Recommendation]
    let rule: LimitRule

    var text: String {
        if found.isEmpty { return "no runs of a scanner\n" }
        var text = found.map { scanner($0) + "\n" }.joined()
        let fragment = found.flatMap(\.fragment)
        if fragment.isEmpty { return text }
        text += "# for the configuration file\nscanners:\n"
        text += fragment.map { TerminalText.line($0) + "\n" }.joined()
        return text
    }

    private func scanner(_ recommendation: Recommendation) -> String {
        var text = "\(TerminalText.line(recommendation.scanner)): \(UnitText.count(recommendation.runs)) runs\n"
        if let problem = recommendation.unknownCurrent {
            text += "  left out of what is for the configuration file: \(TerminalText.line(problem))\n"
        }
        if !recommendation.proposals.isEmpty {
            var table = TextTable(right: Set(1...7), indent: "  ")
            table.add([
                "", "p\(percent)", "max", "runs", "ended by it", "set now", "proposed", "would have ended", "",
            ])
            for proposal in recommendation.proposals { table.add(row(proposal)) }
            text += table.text
        }
        for metric in Recommendation.metrics {
            guard let runs = recommendation.tooFew[metric] else { continue }
            text +=
                "  \(Recommendation.path(metric)): not enough runs: \(runs) succeeded, \(rule.minimumRuns) are needed\n"
        }
        let difference = recommendation.difference
        if difference.isEmpty && !recommendation.proposals.isEmpty && recommendation.unknownCurrent == nil {
            text += "  nothing to change\n"
        }
        text += difference.map { "  \(TerminalText.line($0))\n" }.joined()
        return text
    }

    private func row(_ proposal: LimitProposal) -> [String] {
        let metric = proposal.metric
        return [
            Recommendation.path(metric), UnitText.of(metric, proposal.usual), UnitText.of(metric, proposal.most),
            UnitText.count(proposal.runs), UnitText.count(proposal.ended),
            proposal.current.map { Recommendation.text(metric, $0) } ?? "-",
            Recommendation.text(metric, proposal.proposed),
            "\(UnitText.count(proposal.wouldEnd)) of \(UnitText.count(proposal.known)), \(UnitText.count(proposal.wouldEndSucceeded)) successful",
            note(proposal),
        ]
    }

    private func note(_ proposal: LimitProposal) -> String {
        switch proposal.held {
        case .atMaximum: return "held at the maximum"
        case .asSet(let reason): return "kept: \(TerminalText.line(reason))"
        case nil: break
        }
        if !proposal.isCensored { return "" }
        return "\(proposal.proposed == proposal.current ? "kept" : "raised"): too many ran into it"
    }

    /// `99`, `99.9`.
    private var percent: String {
        let tenths = Int((rule.percentile * 1000).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
