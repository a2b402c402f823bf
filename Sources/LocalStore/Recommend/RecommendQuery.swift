import GRDB

extension AuditIndex {
    /// Proposes limits for each scanner with a profile's name.
    ///
    /// - Parameter current: what is set now for a scanner.
    public func recommendations(
        _ filter: SummaryFilter, rule: LimitRule, current: (String) -> CurrentLimits
    ) throws(LocalStoreError) -> [Recommendation] {
        try read { database in
            let summary = try SummaryQuery.run(filter, succeeded: true, database)
            var found = summary.scanners.compactMap { scanner in
                scanner.name.map { RecommendQuery.decide($0, scanner, rule, current($0)) }
            }
            try RecommendQuery.countEnded(&found, filter, database)
            return found
        }
    }
}

enum RecommendQuery {
    static func decide(
        _ name: String, _ summary: ScannerSummary, _ rule: LimitRule, _ current: CurrentLimits
    ) -> Recommendation {
        var result = Recommendation(scanner: name, runs: summary.runs, unknownCurrent: current.problem)
        for metric in Recommendation.metrics {
            var observation = LimitRule.Observation(metric: metric)
            observation.succeeded = summary.usage[metric]?.values ?? LogHistogram()
            observation.ended = summary.endings[metric]?.runs ?? 0
            observation.endedAt = summary.endings[metric]?.limitMost
            observation.current = current.limits[metric]
            observation.minimum = current.minimum[metric]
            observation.maximum = current.maximum[metric]
            switch rule.decide(observation) {
            case .tooFewRuns(let runs): result.tooFew[metric] = runs
            case .proposal(var proposal):
                if let reason = current.refusal(metric, proposal.proposed) {
                    // Not set now, and it cannot be set.
                    guard let current = proposal.current else { continue }
                    proposal.proposed = current
                    proposal.held = .asSet(reason)
                }
                result.proposals.append(proposal)
            }
        }
        return result
    }

    /// Goes through all runs of the time once and counts those that used more than is proposed.
    static func countEnded(
        _ recommendations: inout [Recommendation], _ filter: SummaryFilter, _ database: Database
    ) throws {
        let numbers = Dictionary(
            uniqueKeysWithValues: try SummaryQuery.names(nil, database).map { ($0.value, $0.key) })
        var places: [Int: [Proposed]] = [:]
        for (index, recommendation) in recommendations.enumerated() {
            guard let number = numbers[recommendation.scanner] else { continue }
            places[Int(number)] = recommendation.proposals.enumerated().map {
                Proposed(
                    recommendation: index, proposal: $0.offset, metric: $0.element.metric, limit: $0.element.proposed)
            }
        }
        try RunScan.each(filter, database) { run in
            for proposed in places[run.scanner] ?? [] {
                guard let used = run.used(proposed.metric) else { continue }
                let (index, proposal) = (proposed.recommendation, proposed.proposal)
                recommendations[index].proposals[proposal].known += 1
                if used <= proposed.limit { continue }
                recommendations[index].proposals[proposal].wouldEnd += 1
                if run.succeeded { recommendations[index].proposals[proposal].wouldEndSucceeded += 1 }
            }
        }
    }

    private struct Proposed {
        var recommendation: Int
        var proposal: Int
        var metric: AuditMetric
        var limit: Int64
    }
}
