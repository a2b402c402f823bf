import GRDB

extension AuditIndex {
    /// Sums over all time or over days, from the sums that the index keeps: no run is looked at.
    public func summary(_ filter: SummaryFilter = SummaryFilter()) throws(LocalStoreError) -> AuditSummary {
        try read { try SummaryQuery.run(filter, $0) }
    }
}

enum SummaryQuery {
    /// - Parameter succeeded: true counts the usage of complete, successful runs only.
    static func run(_ filter: SummaryFilter, succeeded: Bool = false, _ database: Database) throws -> AuditSummary {
        let names = try self.names(filter.scanner, database)
        var scanners: [Int64: ScannerSummary] = names.mapValues { ScannerSummary(name: $0.isEmpty ? nil : $0) }
        try readVerdicts(filter, &scanners, database)
        var table = UsageTable(database)
        for scanner in names.keys where scanners[scanner]?.verdicts.isEmpty == false {
            for metric in AuditMetric.allCases {
                scanners[scanner]?.usage[metric] = try table.sum(scanner, metric, filter.periods, succeeded: succeeded)
            }
        }
        var summary = AuditSummary()
        summary.days = try days(filter, names.keys.sorted(), database)
        summary.scanners = scanners.values.filter { $0.runs > 0 }.sorted { left, right in
            // "~" comes after every name.
            (left.name ?? "~") < (right.name ?? "~")
        }
        return summary
    }

    /// The scanners that the filter leaves, by number.
    static func names(_ scanner: String?, _ database: Database) throws -> [Int64: String] {
        let wanted = scanner.map { $0 == RunFilter.noScanner ? "" : $0 }
        let rows = try Row.fetchAll(database, sql: "SELECT id, name FROM scanner")
        return Dictionary(
            uniqueKeysWithValues: rows.map { ($0[0] as Int64, $0[1] as String) }.filter {
                wanted == nil || $0.1 == wanted
            })
    }

    private static func readVerdicts(
        _ filter: SummaryFilter, _ scanners: inout [Int64: ScannerSummary], _ database: Database
    ) throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT scanner, name, sum(runs), sum(iif(partial, runs, 0))
                FROM verdict_count JOIN verdict ON verdict.id = verdict WHERE \(Period.condition(filter.periods))
                GROUP BY scanner, verdict ORDER BY 3 DESC, name
                """)
        for row in rows {
            scanners[row[0]]?.verdicts.append(
                VerdictCount(verdict: row[1], runs: row[2], partial: row[3]))
        }
        let endings = try Row.fetchAll(
            database,
            sql: """
                SELECT scanner, limit_met, sum(runs), max(limit_most) FROM verdict_count
                WHERE limit_met >= 0 AND \(Period.condition(filter.periods)) GROUP BY scanner, limit_met
                """)
        for row in endings {
            guard let metric = AuditMetric(rawValue: row[1]) else { continue }
            scanners[row[0]]?.endings[metric] = LimitEndings(runs: row[2], limitMost: row[3])
        }
    }

    private static func days(
        _ filter: SummaryFilter, _ scanners: [Int64], _ database: Database
    ) throws -> ClosedRange<Int64>? {
        let ofScanners =
            filter.scanner == nil ? "" : " AND scanner IN (\(scanners.map { "\($0)" }.joined(separator: ", ")))"
        let condition = Period.condition([
            Period.day(
                max(0, filter.firstDay ?? 0))...Period.day(max(filter.firstDay ?? 0, filter.lastDay ?? Period.lastDay))
        ])
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT (SELECT period FROM verdict_count WHERE \(condition)\(ofScanners) ORDER BY period LIMIT 1),
                    (SELECT period FROM verdict_count WHERE \(condition)\(ofScanners) ORDER BY period DESC LIMIT 1)
                """)
        guard let first = row?[0] as Int64?, let last = row?[1] as Int64? else { return nil }
        return (first - 1)...(last - 1)
    }
}
