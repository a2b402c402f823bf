import GRDB

/// What `summary`, `recommend` and `report` answer from: counts and histograms for each scanner and day, and for all time, added to
/// while lines are read and written at the end of each batch.
final class Aggregates {
    private struct CellKey: Hashable {
        /// Nil: the run has no time, and counts for all time only.
        var day: Int64?
        var scanner: Int64
        var succeeded: Bool
    }

    /// Raw numbers of one batch: sorting them once is cheaper than finding a bucket's place for each.
    private final class Cell {
        struct Numbers {
            var values: [Int64] = []
            var shares: [Int64] = []
            var statistics = UsageStatistics()
        }
        var numbers = [Numbers](repeating: Numbers(), count: AuditMetric.allCases.count)
    }

    private struct VerdictKey: Hashable {
        var period: Int64
        var scanner: Int64
        var verdict: Int64
        var partial: Bool
        var limitMet: AuditMetric?
    }

    private var cells: [CellKey: Cell] = [:]
    private var verdicts: [VerdictKey: (runs: Int64, limitMost: Int64?)] = [:]
    private var hours: [Int64: (first: Int64, last: Int64)] = [:]
    private var targets: [Int64: (runs: Int64, last: Int64)] = [:]

    func add(_ line: AuditLine, _ place: RunWriter.Place) {
        let day = line.time.map { $0 / 86_400_000 }
        let key = CellKey(day: day, scanner: place.scanner, succeeded: line.succeeded)
        let cell = cells[key] ?? Cell()
        cells[key] = cell
        for metric in AuditMetric.allCases {
            guard let used = line.used[metric] else { continue }
            cell.numbers[metric.rawValue].values.append(used)
            let limit = line.limits[metric]
            if let share = LimitShare.of(used, limit: limit) {
                cell.numbers[metric.rawValue].shares.append(share)
                if share >= LimitShare.near { cell.numbers[metric.rawValue].statistics.over80 += 1 }
                if share >= LimitShare.close { cell.numbers[metric.rawValue].statistics.over95 += 1 }
            }
            cell.numbers[metric.rawValue].statistics.limit = limit
            cell.numbers[metric.rawValue].statistics.limitNumber = place.number
        }
        let limitMet = line.limitMet
        let limit = limitMet.flatMap { line.limits[$0] }
        for period in Period.all(ofDay: day) {
            let key = VerdictKey(
                period: period, scanner: place.scanner, verdict: place.verdict, partial: line.partial,
                limitMet: limitMet)
            var count = verdicts[key] ?? (0, nil)
            count.runs += 1
            if let limit { count.limitMost = max(limit, count.limitMost ?? limit) }
            verdicts[key] = count
        }
        if let time = line.time {
            let hour = time / 3_600_000
            hours[hour] = (hours[hour]?.first ?? place.number, place.number)
        }
        if let target = place.target { targets[target] = ((targets[target]?.runs ?? 0) + 1, place.number) }
    }

    /// Adds the batch to what the index has, and forgets it.
    func flush(_ database: Database) throws {
        try flushUsage(database)
        let counts = try database.cachedStatement(
            sql: """
                INSERT INTO verdict_count VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
                runs = runs + excluded.runs,
                limit_most = max(coalesce(limit_most, excluded.limit_most), coalesce(excluded.limit_most, limit_most))
                """)
        for (key, count) in verdicts {
            try counts.execute(arguments: [
                key.period, key.scanner, key.verdict, key.partial, key.limitMet?.rawValue ?? -1, count.runs,
                count.limitMost,
            ])
        }
        let hour = try database.cachedStatement(
            sql: """
                INSERT INTO hour VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET
                first = min(first, excluded.first), last = max(last, excluded.last)
                """)
        for (key, numbers) in hours { try hour.execute(arguments: [key, numbers.first, numbers.last]) }
        let target = try database.cachedStatement(sql: "UPDATE target SET runs = runs + ?, last = ? WHERE id = ?")
        for (key, numbers) in targets { try target.execute(arguments: [numbers.runs, numbers.last, key]) }
        (cells, verdicts, hours, targets) = ([:], [:], [:], [:])
    }

    private func flushUsage(_ database: Database) throws {
        var sums: [UsageKey: UsageStatistics] = [:]
        for (cellKey, cell) in cells {
            for metric in AuditMetric.allCases where !cell.numbers[metric.rawValue].values.isEmpty {
                let numbers = cell.numbers[metric.rawValue]
                var statistics = numbers.statistics
                statistics.values.add(numbers.values)
                statistics.shares.add(numbers.shares)
                for period in Period.all(ofDay: cellKey.day) {
                    let key = UsageKey(
                        period: period, scanner: cellKey.scanner, metric: metric, succeeded: cellKey.succeeded)
                    sums[key, default: UsageStatistics()].merge(statistics)
                }
            }
        }
        var table = UsageTable(database)
        for (key, statistics) in sums { try table.add(statistics, at: key) }
    }
}
