import GRDB

/// A table of names, each with a number: what a million runs have in common is written once.
final class NameTable {
    private let table: String
    private var known: [String: Int64] = [:]
    private let hasRuns: Bool
    /// Bounds the memory: targets may be as many as runs. What is forgotten is looked up again.
    private static let mostKept = 200_000

    /// - Parameter table: one of ours.
    init(_ table: String, hasRuns: Bool = false) {
        self.table = table
        self.hasRuns = hasRuns
    }

    func number(of name: String, _ database: Database) throws -> Int64 {
        if let number = known[name] { return number }
        if known.count >= Self.mostKept { known.removeAll(keepingCapacity: true) }
        let found = try database.cachedStatement(sql: "SELECT id FROM \(table) WHERE name = ?")
        var number = try Int64.fetchOne(found, arguments: [name])
        if number == nil {
            let columns = hasRuns ? "(name, runs, last) VALUES (?, 0, 0)" : "(name) VALUES (?)"
            try database.cachedStatement(sql: "INSERT INTO \(table)\(columns)").execute(arguments: [name])
            number = database.lastInsertedRowID
        }
        known[name] = number
        return number ?? 0
    }
}
