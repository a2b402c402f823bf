import Glibc
import SystemSupport
import Testing

@testable import Executor

/// `docs/outcomes.md` against the code: its tables are the contract, so neither may change alone.
@Suite struct OutcomesDocumentTests {
    private let document: Document

    init() throws { document = try Document("\(repository)/docs/outcomes.md") }

    @Test func everyKindStandsInTheTableOnceWithItsClasses() throws {
        let rows = try document.table(under: "## Kinds")
        #expect(rows.map { code($0[0]) } == VerdictKind.allCases.map { [$0.rawValue] })
        for row in rows {
            let kind = try #require(VerdictKind(rawValue: code(row[0])[0]))
            let seen = (VerdictTests.rows + VerdictTests.contradictions + launches).filter { $0.kind == kind }
            #expect(classes(row[3]) == Set(seen.map(\.failureClass)), "\(kind)")
        }
    }

    @Test func thePrecedenceIsTheCodes() throws {
        let rows = try document.table(under: "## Precedence")
        #expect(rows.map { $0[0] } == (1...12).map { "\($0)" })
        for row in rows {
            let number = try #require(Int(row[0]))
            let cases = (VerdictTests.rows + launches).filter { Verdict.row($0.facts) == number }
            #expect(Set(code(row[2])) == Set(cases.map(\.kind.rawValue)), "row \(number)")
            #expect(classes(row[3]) == Set(cases.map(\.failureClass)), "row \(number)")
        }
    }

    /// A case of the test's table says in its name which row it is of.
    @Test(arguments: VerdictTests.rows)
    func rowsOfTheTestAreRowsOfTheCode(_ row: VerdictTests.Case) {
        #expect(row.testDescription.split(separator: " ").first == "\(Verdict.row(row.facts))")
    }

    @Test func theBreakersDefaultsAreTheDocuments() throws {
        let standard = BreakerSettings.standard
        let rows = try document.table(under: "## Circuit breaker", number: 1)
        #expect(
            rows.map { [code($0[0])[0], $0[2]] } == [
                ["window", "5m"], ["minimum_sample", "\(standard.minimumSample)"],
                ["failure_percent", "\(standard.failurePercent)"],
                ["critical_threshold", "\(standard.criticalThreshold)"], ["critical_window", "10m"],
                ["first_cool_down", "30s"], ["growth", "\(standard.growth)"], ["longest_cool_down", "15m"],
                ["probes", "\(standard.probes)"],
            ])
        for (row, duration) in [
            (0, standard.window), (4, standard.criticalWindow), (5, standard.firstCoolDown),
            (7, standard.longestCoolDown),
        ] { #expect(Duration(parsing: rows[row][2]) == duration) }
    }

    /// Row 5 has two classes, and one case in the test's table.
    private var launches: [VerdictTests.Case] {
        [
            VerdictTests.Case(
                "5 no memory", VerdictTests.facts(VerdictTests.failure(.noMemory)), .launchFailed, .transient,
                from: "launch")
        ]
    }

    /// What stands between backticks.
    private func code(_ cell: String) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.offset % 2 == 1 ? String($0.element) : nil }
    }

    private func classes(_ cell: String) -> Set<FailureClass> {
        let words = cell.split { !$0.isLetter }
        return Set(FailureClass.allCases.filter { words.contains(Substring($0.rawValue)) })
    }

    /// The tables of a Markdown file, as cells.
    struct Document {
        private let lines: [Substring]

        init(_ path: String) throws {
            let bytes = try OwnedDescriptor.open(path, O_RDONLY).readAll(limit: 1 << 20, object: path)
            lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        }

        /// The rows of a table below a heading, without the head. `number`: which table, from 0.
        func table(under heading: String, number: Int = 0) throws -> [[String]] {
            let start = try #require(lines.firstIndex { $0 == heading })
            var tables: [[[String]]] = []
            var isInTable = false
            for line in lines[(start + 1)...] {
                if line.hasPrefix("## ") { break }
                if line.hasPrefix("|") {
                    if !isInTable { tables.append([]) }
                    let cells = line.split(separator: "|").map { $0.trimming() }
                    tables[tables.count - 1].append(cells.filter { !$0.isEmpty })
                }
                isInTable = line.hasPrefix("|")
            }
            try #require(tables.indices.contains(number))
            return Array(tables[number].dropFirst(2))
        }
    }
}

extension Substring {
    fileprivate func trimming() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
