import Executor
import LocalStore

/// `audit recommend --json`.
enum RecommendJSON {
    static func text(_ found: [Recommendation], _ rule: LimitRule, pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/audit-recommend/1")
            writer.object("rule") { writer in
                writer.number("percentile", rule.percentile)
                writer.number("headroom", rule.headroom)
                writer.integer("min_runs", rule.minimumRuns)
                writer.number("raise", LimitRule.raise)
            }
            writer.array("scanners") { writer in
                for recommendation in found { write(recommendation, to: &writer) }
            }
        }
        return writer.text
    }

    private static func write(_ recommendation: Recommendation, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.string("scanner", recommendation.scanner)
            writer.integer("runs", recommendation.runs)
            writer.string("set_now_unknown", recommendation.unknownCurrent)
            writer.array("limits") { writer in
                for proposal in recommendation.proposals { writer.object { write(proposal, to: &$0) } }
            }
            writer.array("not_enough_runs") { writer in
                for metric in Recommendation.metrics {
                    guard let runs = recommendation.tooFew[metric] else { continue }
                    writer.object { writer in
                        writer.string("key", Recommendation.path(metric))
                        writer.integer("succeeded", runs)
                    }
                }
            }
        }
    }

    /// Numbers in the unit of the metric; `value` as a profile spells it.
    private static func write(_ proposal: LimitProposal, to writer: inout JSONWriter) {
        writer.string("key", Recommendation.path(proposal.metric))
        writer.string("unit_of", proposal.metric.key)
        writer.string("value", Recommendation.text(proposal.metric, proposal.proposed))
        writer.integer("proposed", proposal.proposed)
        writer.integer("set_now", proposal.current)
        writer.integer("percentile_of_succeeded", proposal.usual)
        writer.integer("max_of_succeeded", proposal.most)
        writer.integer("succeeded", proposal.runs)
        writer.integer("ended_by_it", proposal.ended)
        writer.boolean("raised", proposal.isCensored)
        switch proposal.held {
        case .atMaximum: writer.string("held", "maximum")
        case .asSet(let reason):
            writer.string("held", "set_now")
            writer.string("held_because", reason)
        case nil: break
        }
        writer.integer("would_have_ended", proposal.wouldEnd)
        writer.integer("would_have_ended_succeeded", proposal.wouldEndSucceeded)
        writer.integer("known", proposal.known)
    }
}
