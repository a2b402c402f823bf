/// How a limit is proposed from what runs used. docs/audit-queries.md explains it; this is the one place that decides.
public struct LimitRule: Sendable, Equatable {
    /// Of what complete, successful runs used.
    public var percentile = 0.99
    /// What the percentile is multiplied with.
    public var headroom = 1.25
    /// Fewer successful runs say too little.
    public var minimumRuns: Int64 = 30
    /// What the limit that ended runs is multiplied with, where too many were ended.
    public static let raise = 1.5

    public init() {}

    /// What is known of one limit of one scanner.
    struct Observation {
        var metric: AuditMetric
        /// What complete, successful runs used.
        var succeeded = LogHistogram()
        /// Runs that this very limit ended, and the greatest limit among theirs. What they would have used is not known:
        /// only that it is more.
        var ended: Int64 = 0
        var endedAt: Int64?
        /// As set now; nil: unknown, or not limited.
        var current: Int64?
        /// The least that may be set.
        var minimum: Int64?
        /// The most that may be set; nil: nothing bounds it.
        var maximum: Int64?
    }

    public enum Outcome: Sendable, Equatable {
        /// There is nothing to go by, or not enough: the successful runs there are.
        case tooFewRuns(Int64)
        case proposal(LimitProposal)
    }

    func decide(_ observation: Observation) -> Outcome {
        let runs = observation.succeeded.count
        guard runs >= max(1, minimumRuns), let most = observation.succeeded.most,
            let usual = observation.succeeded.quantileCeiling(percentile)
        else { return .tooFewRuns(runs) }
        var wanted = max(Double(usual) * max(1, headroom), Double(most))
        // If more runs were ended than the percentile leaves out, the percentile of all of them lies above the limit that ended them:
        // what the survivors used says nothing of it. So the limit goes up, step by step, and never down. Unless they were ended
        // by limits far below what is wanted anyhow, such as one given for a single run.
        let raised = observation.endedAt.map { Double($0) * Self.raise } ?? .infinity
        let isCensored =
            Double(observation.ended) > (1 - percentile) * Double(runs + observation.ended) && raised > wanted
        if isCensored {
            wanted = max(
                wanted, Double(observation.endedAt ?? 0) * Self.raise, Double(observation.current ?? 0))
        }
        let free = max(NeatLimit.roundedUp(observation.metric, wanted), observation.minimum ?? 0)
        let proposed = min(free, observation.maximum ?? .max)
        return .proposal(
            LimitProposal(
                metric: observation.metric, current: observation.current,
                proposed: proposed, runs: runs,
                usual: usual, most: most,
                ended: observation.ended, isCensored: isCensored,
                held: proposed < free ? .atMaximum : nil))
    }
}

/// One limit as it should be, and why.
public struct LimitProposal: Sendable, Equatable {
    public var metric: AuditMetric
    /// As set now; nil: unknown, or not limited. In the metric's unit, as all of these.
    public var current: Int64?
    public var proposed: Int64
    /// Complete, successful runs in which the metric is known.
    public var runs: Int64
    /// Their percentile, and the most that any of them used.
    public var usual: Int64
    public var most: Int64
    /// Runs that this limit ended, or cut short.
    public var ended: Int64
    /// They were too many for the percentile to mean anything.
    public var isCensored: Bool
    /// Why it is not what the runs ask for; nil where it is.
    public var held: Held?

    public enum Held: Sendable, Equatable {
        /// The runs ask for more than the maximum, or than a cap.
        case atMaximum
        /// Setting anything else would be refused, for this reason: it is left as it is set now.
        case asSet(String)
    }

    /// Of all past runs in which the metric is known, those that used more than is proposed; and of these, complete successes,
    /// of which there are none by the rule: counted run by run to prove it.
    public var known: Int64 = 0
    public var wouldEnd: Int64 = 0
    public var wouldEndSucceeded: Int64 = 0
}
