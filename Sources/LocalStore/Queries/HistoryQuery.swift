import GRDB

extension AuditIndex {
    /// The summary and its course, from the sums of days.
    public func history(_ filter: SummaryFilter = SummaryFilter()) throws(LocalStoreError) -> AuditHistory {
        try read { database in
            var history = AuditHistory()
            history.position = position
            history.directory = directory
            history.hostCount = try Int.fetchOne(database, sql: "SELECT count(*) FROM host") ?? 0
            history.hosts = try String.fetchAll(
                database, sql: "SELECT name FROM host ORDER BY name LIMIT \(AuditHistory.mostHosts)")
            history.summary = try SummaryQuery.run(filter, database)
            guard let days = history.summary.days else {
                history.scanners = history.summary.scanners.map { _ in ScannerHistory() }
                return history
            }
            history.spans = AuditHistory.spans(days)
            try HistoryQuery.fill(&history, days, database)
            return history
        }
    }
}

enum HistoryQuery {
    static func fill(_ history: inout AuditHistory, _ days: ClosedRange<Int64>, _ database: Database) throws {
        let width = (history.spans.first.map { $0.upperBound - $0.lowerBound } ?? 0) + 1
        let span = { (period: Int64) in Int((period - 1 - days.lowerBound) / width) }
        let names = try SummaryQuery.names(nil, database)
        let places = Dictionary(
            uniqueKeysWithValues: history.summary.scanners.enumerated().map { ($0.element.name ?? "", $0.offset) })
        let place = names.compactMapValues { places[$0] }
        let empty = ScannerHistory(verdicts: Array(repeating: [:], count: history.spans.count))
        history.scanners = history.summary.scanners.map { _ in empty }
        let range: StatementArguments = [Period.day(days.lowerBound), Period.day(days.upperBound)]

        let counts = try Row.fetchCursor(
            database,
            sql: """
                SELECT period, scanner, name, sum(runs) FROM verdict_count JOIN verdict ON verdict.id = verdict
                WHERE period BETWEEN ? AND ? GROUP BY period, scanner, verdict
                """, arguments: range)
        while let row = try counts.next() {
            guard let scanner = place[row[1]] else { continue }
            history.scanners[scanner].verdicts[span(row[0])][row[2], default: 0] += row[3] as Int64
        }

        var table = UsageTable(database)
        for (number, scanner) in place {
            for metric in AuditMetric.allCases {
                var points = [ScannerHistory.Point?](repeating: nil, count: history.spans.count)
                let all = Period.day(days.lowerBound)...Period.day(days.upperBound)
                try table.each(number, metric, [all], group: span) { points[$0] = ScannerHistory.Point($1) }
                if points.contains(where: { $0 != nil }) { history.scanners[scanner].points[metric] = points }
            }
        }
    }
}

extension ScannerHistory.Point {
    /// Nil where there is nothing.
    init?(_ statistics: UsageStatistics) {
        guard let p50 = statistics.values.quantile(0.5), let p99 = statistics.values.quantile(0.99),
            let most = statistics.values.most
        else { return nil }
        self.init(runs: statistics.values.count, p50: p50, p99: p99, most: most, limit: statistics.limit)
    }
}
