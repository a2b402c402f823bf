import GRDB

extension AuditIndex {
    /// The newest runs that pass the filter, newest first, in the order of the audit.
    public func runs(_ filter: RunFilter) throws(LocalStoreError) -> [RunRow] {
        try read { database in
            guard let query = try RunQuery(filter, database) else { return [] }
            let numbers = try query.numbers(database)
            let statement = try database.makeStatement(sql: RunRow.query + " WHERE run.number = ?")
            return try numbers.compactMap { try Row.fetchOne(statement, arguments: [$0]).map { RunRow($0) } }
        }
    }
}

/// Finds the numbers of runs. Each filter alone costs about as much as the rows it returns, however many runs there are and
/// also where nothing matches:
/// - time: the table of hours says which numbers can lie in it;
/// - scanner, verdict: one index holds the runs of each pair, newest last; the few pairs that the filter leaves are merged;
/// - target: the table of targets says which match, and when each was last scanned.
struct RunQuery {
    /// Up to so many matching targets are looked at one by one.
    private static let mostTargets = 2000

    private let filter: RunFilter
    private let scanner: Int64?
    private let verdict: Int64?
    private let numbers: ClosedRange<Int64>

    /// Nil where nothing can match: a name that no run has, a time without runs.
    init?(_ filter: RunFilter, _ database: Database) throws {
        self.filter = filter
        func number(_ table: String, _ name: String?) throws -> Int64? {
            try Int64.fetchOne(database, sql: "SELECT id FROM \(table) WHERE name = ?", arguments: [name])
        }
        scanner = try number("scanner", filter.scanner.map { $0 == RunFilter.noScanner ? "" : $0 })
        verdict = try number("verdict", filter.verdict?.rawValue)
        if filter.scanner != nil && scanner == nil || filter.verdict != nil && verdict == nil { return nil }
        guard let numbers = try Self.numbers(from: filter.since, until: filter.until, database) else { return nil }
        self.numbers = numbers
    }

    /// Runs lie in the audit in the order in which they ended, by and large; clocks jump. So the hours say which numbers to look
    /// among, and each run's own time decides.
    private static func numbers(from since: Int64?, until: Int64?, _ database: Database) throws -> ClosedRange<Int64>? {
        if since == nil && until == nil { return 1...Int64.max }
        let first = (since ?? 0) / 3_600_000
        let last = until.map { ($0 - 1) / 3_600_000 } ?? .max
        let row = try Row.fetchOne(
            database, sql: "SELECT min(first), max(last) FROM hour WHERE hour BETWEEN ? AND ?",
            arguments: [first, last])
        guard let row, let from = row[0] as Int64?, let to = row[1] as Int64?, from <= to else { return nil }
        return from...to
    }

    func numbers(_ database: Database) throws -> [Int64] {
        let pairs = try pairs(database)
        guard let target = filter.target else { return try merged(pairs, target: nil, numbers, database) }
        let (condition, patterns) = target.condition
        let arguments = StatementArguments(patterns)
        let hasOthers = scanner != nil || verdict != nil || filter.since != nil || filter.until != nil
        guard hasOthers else {
            // The newest n runs are of the n targets that were scanned last.
            return try newest(condition, arguments, limit: filter.limit, database)
        }
        let row = try Row.fetchOne(
            database, sql: "SELECT count(*), sum(runs), max(last) FROM target WHERE \(condition)", arguments: arguments)
        guard let row, let runs = row[1] as Int64?, let last = row[2] as Int64? else { return [] }
        // From the side that has fewer runs to look through.
        let others = pairs.map { $0.reduce(0) { $0 + $1.runs } } ?? .max
        if (row[0] as Int) <= Self.mostTargets && runs <= others {
            return try newest(condition, arguments, limit: Self.mostTargets, database)
        }
        if last < numbers.lowerBound { return [] }
        return try merged(
            pairs, target: target, numbers.lowerBound...min(last, numbers.upperBound), database)
    }

    /// Target by target, the last scanned first, until no other can have a newer run than those found.
    private func newest(
        _ condition: String, _ arguments: StatementArguments, limit: Int, _ database: Database
    ) throws -> [Int64] {
        let targets = try Row.fetchAll(
            database, sql: "SELECT id, last FROM target WHERE \(condition) ORDER BY last DESC LIMIT \(limit)",
            arguments: arguments
        ).map { (id: $0[0] as Int64, last: $0[1] as Int64) }
        let kind = (scanner == nil ? "" : " AND scanner = ?") + (verdict == nil ? "" : " AND verdict = ?")
        let statement = try database.makeStatement(
            sql:
                "SELECT number FROM run INDEXED BY run_target WHERE target = ? AND number BETWEEN ? AND ?\(kind)\(time)"
                + " ORDER BY number DESC LIMIT ?")
        var found: [Int64] = []
        for target in targets {
            if found.count >= filter.limit, target.last < found[filter.limit - 1] { break }
            let values = [target.id, numbers.lowerBound, numbers.upperBound] + [scanner, verdict].compactMap(\.self)
            found += try Int64.fetchAll(
                statement, arguments: StatementArguments(values + times + [Int64(filter.limit)]))
            found.sort(by: >)
            found = Array(found.prefix(filter.limit))
        }
        return found
    }

    /// A scanner, a verdict, and how many runs have both.
    private typealias Pair = (scanner: Int64, verdict: Int64, runs: Int64)

    /// The pairs that pass; nil where all do.
    private func pairs(_ database: Database) throws -> [Pair]? {
        if scanner == nil && verdict == nil { return nil }
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT scanner, verdict, sum(runs) FROM verdict_count WHERE period = 0 GROUP BY scanner, verdict")
        return rows.map { ($0[0], $0[1], $0[2]) }.filter {
            (scanner == nil || $0.0 == scanner) && (verdict == nil || $0.1 == verdict)
        }
    }

    private func merged(
        _ pairs: [Pair]?, target: TargetPattern?, _ numbers: ClosedRange<Int64>, _ database: Database
    ) throws -> [Int64] {
        let (condition, patterns) = target?.condition ?? ("", [])
        // The plus keeps SQLite from going through the targets' index: it is the newest runs that are looked through.
        let targets = target == nil ? "" : " AND +target IN (SELECT id FROM target WHERE \(condition))"
        let kind = pairs == nil ? "" : " AND scanner = ? AND verdict = ?"
        let index = pairs == nil ? "NOT INDEXED" : "INDEXED BY run_kind"
        let statement = try database.makeStatement(
            sql: "SELECT number FROM run \(index) WHERE number BETWEEN ? AND ?\(kind)\(time)\(targets)"
                + " ORDER BY number DESC LIMIT ?")
        var found: [Int64] = []
        for values in pairs.map({ $0.map { [$0.scanner, $0.verdict] } }) ?? [[]] {
            var arguments = StatementArguments([numbers.lowerBound, numbers.upperBound] + values + times)
            arguments += StatementArguments(patterns)
            arguments += [filter.limit]
            found += try Int64.fetchAll(statement, arguments: arguments)
        }
        return Array(found.sorted(by: >).prefix(filter.limit))
    }

    private var time: String {
        (filter.since == nil ? "" : " AND time >= ?") + (filter.until == nil ? "" : " AND time < ?")
    }
    private var times: [Int64] { [filter.since, filter.until].compactMap(\.self) }
}
