import Executor
import GRDB
import Glibc
import SystemSupport
import Testing

@testable import LocalStore

@Suite struct IndexTests {
    private let audit: AuditDirectory

    init() throws { audit = try AuditDirectory() }

    private func open(rebuild: Bool = false) throws -> AuditIndex {
        try AuditIndex(directory: audit.path, rebuild: rebuild)
    }

    /// All that the index holds but for where its files' clocks stood.
    private func dump() throws -> [String] {
        try open().read { database in
            var lines: [String] = []
            for table in ["meta", "scanner", "verdict", "host", "target", "run", "hour", "verdict_count", "usage"] {
                lines += try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { "\(table) \($0)" }.sorted()
            }
            return lines
        }
    }

    @Test func recordsOfEveryFileAreFound() throws {
        let first = try audit.append(.made("bandit", .clean), target: "/srv/a")
        audit.rotate()
        let second = try audit.append(.made(nil, .scannerError, wall: nil), target: nil)
        let runs = try open().runs(RunFilter())
        #expect(runs.map(\.id) == [second, first])
        #expect(runs[0].scanner == nil && runs[0].wallMilliseconds == nil && runs[0].target == nil)
        #expect(runs[1].scanner == "bandit" && runs[1].wallMilliseconds == 1000 && runs[1].target == "/srv/a")
        #expect(try open().position.chainBreaks == 0)
    }

    @Test func anEmptyAuditHasNoRuns() throws {
        let index = try open()
        #expect(try index.runs(RunFilter()).isEmpty && index.summary().scanners.isEmpty)
        #expect(try index.history().spans.isEmpty)
        #expect(AuditPage(try index.history()).html.contains("0 runs"))
    }

    @Test func aMissingDirectorySaysWhatToDo() {
        #expect(throws: LocalStoreError.self) { try AuditIndex(directory: "/nonexistent/audit") }
    }

    @Test func whatIsAddedLaterIsReadFromWhereReadingEnded() throws {
        try audit.append(.made())
        #expect(try open().update == AuditIndex.Update(added: 1, rebuilt: "there was none"))
        #expect(try open().update == AuditIndex.Update())
        try audit.append(.made())
        audit.rotate()
        try audit.append(.made())
        #expect(try open().update == AuditIndex.Update(added: 2))
        #expect(try open().position.records == 3)
    }

    /// The whole of it, not only the runs: sums, counts, and what they are made from.
    @Test func anIndexGrownStepByStepEqualsOneBuiltAtOnce() throws {
        var numbers = Numbers(state: 11)
        for step in 0..<40 {
            for _ in 0..<Int.random(in: 1...8, using: &numbers) {
                let scanner = ["bandit", "semgrep", nil].randomElement(using: &numbers) ?? nil
                let report = RunReport.made(
                    scanner, VerdictKind.allCases.randomElement(using: &numbers) ?? .clean,
                    partial: Bool.random(using: &numbers), at: Int64.random(in: 0..<90 * 86_400_000, using: &numbers),
                    wall: Int64.random(in: 0..<700_000, using: &numbers),
                    memory: Bool.random(using: &numbers) ? Int64.random(in: 0..<1 << 30, using: &numbers) : nil,
                    pids: Int64.random(in: 1...32, using: &numbers),
                    limit: Bool.random(using: &numbers) ? UInt32.random(in: 64...2048, using: &numbers) : nil)
                try audit.append(report, target: "/srv/\(Int.random(in: 0..<5, using: &numbers))")
            }
            if step % 7 == 3 { try audit.line("not a record \(step)") }
            if step % 9 == 4 { audit.rotate() }
            _ = try open()
        }
        let grown = try dump()
        #expect(try open(rebuild: true).update.rebuilt != nil)
        #expect(try dump() == grown)
    }

    @Test func aLineThatIsNotCompleteIsReadOnceItIs() throws {
        try audit.append(.made())
        let line = audit.sequence
        try audit.raw("{\"schema\":\"scan-exec")
        let before = try open().position
        #expect(before.records == 1 && before.unreadable == 0)
        try audit.raw("utor/report/1\"}\n")
        let after = try open().position
        #expect(after.records == 1 && after.unreadable == 1 && line == 1)
    }

    @Test func unreadableLinesAreCountedAndTheRestIsRead() throws {
        try audit.append(.made())
        try audit.line("garbage \u{1b}[2J")
        try audit.line("{\"schema\":\"other\"}")
        try audit.append(.made())
        let index = try open()
        #expect(index.position.records == 2 && index.position.unreadable == 2 && index.position.chainBreaks == 0)
        #expect(index.position.firstUnreadable?.hasPrefix("audit-0000") == true)
    }

    @Test func aLineLongerThanAnyRecordIsPassedOver() throws {
        try audit.append(.made())
        try audit.line(String(repeating: "x", count: LineReader.longestLine + 3_000_000))
        try audit.append(.made())
        let position = try open().position
        #expect(position.records == 2 && position.unreadable == 1)
        try audit.append(.made())
        #expect(try open().update == AuditIndex.Update(added: 1))
    }

    @Test func aRecordThatDoesNotFollowTheOneBeforeIsNoticed() throws {
        try audit.append(.made())
        try audit.append(.made(), previous: String(repeating: "a", count: 64))
        #expect(try open().position.chainBreaks == 1)
    }

    /// docs/audit.md: old files are moved to an archive, and what is left begins with a later record.
    @Test func anAuditWhoseOldFilesAreArchivedIsNotBroken() throws {
        for _ in 1...3 { try audit.append(.made()) }
        let first = audit.currentFile
        audit.rotate()
        try audit.append(.made())
        unlink(first)
        let position = try open().position
        #expect(position.faults.isEmpty && position.beginsAfter == 3 && position.records == 1)
        try audit.append(.made(), previous: String(repeating: "a", count: 64))
        let later = try open().position
        #expect(later.chainBreaks == 1 && later.beginsAfter == 3)
    }

    @Test func aFirstRecordThatFollowsSomethingIsNoticed() throws {
        try audit.append(.made(), previous: String(repeating: "a", count: 64))
        let position = try open().position
        #expect(position.chainBreaks == 1 && position.beginsAfter == nil)
    }

    @Test func aFileThatBecameShorterIsReadAnew() throws {
        try audit.append(.made())
        let size = try size(of: audit.currentFile)
        try audit.append(.made())
        _ = try open()
        try #require(truncate(audit.currentFile, size) == 0)
        let index = try open()
        #expect(index.update.rebuilt?.contains("shorter") == true && index.position.records == 1)
    }

    @Test func aFileThatChangedBeforeThePositionIsReadAnew() throws {
        try audit.append(.made())
        _ = try open()
        let file = try OwnedDescriptor.open(audit.currentFile, O_WRONLY)
        try #require(pwrite(file.raw, "X", 1, 30) == 1)
        try audit.raw("\n")
        #expect(try open().update.rebuilt?.contains("changed") == true)
    }

    @Test func aFinishedFileThatWasRemovedIsNoticed() throws {
        try audit.append(.made())
        let first = audit.currentFile
        audit.rotate()
        try audit.append(.made())
        _ = try open()
        unlink(first)
        let index = try open()
        #expect(index.update.rebuilt != nil && index.position.records == 1)
    }

    @Test(arguments: [
        "this is no database at all, and longer than a header of SQLite's would be, by far ..............", "",
    ])
    func aForeignFileInTheIndexesPlaceIsReplaced(_ text: String) throws {
        try audit.append(.made())
        let file = try OwnedDescriptor.open(audit.indexFile, O_WRONLY | O_CREAT, mode: 0o600)
        _ = write(file.raw, text, text.utf8.count)
        let index = try open()
        #expect(index.update.rebuilt != nil && index.position.records == 1)
    }

    @Test func aDatabaseOfSomebodyElseIsReplaced() throws {
        try audit.append(.made())
        let other = try DatabaseQueue(path: audit.indexFile)
        try other.inDatabase { try $0.execute(sql: "CREATE TABLE run(number); PRAGMA user_version = 1") }
        try other.close()
        #expect(try open().position.records == 1)
    }

    @Test func aTornIndexIsReplaced() throws {
        for _ in 0..<300 { try audit.append(.made(), target: "/srv/\(audit.sequence)") }
        _ = try open()
        try #require(truncate(audit.indexFile, 20_000) == 0)
        #expect(try open(rebuild: false).runs(RunFilter(limit: 1000)).count == 300)
    }

    /// What a killed process leaves: half a new index, and a journal that is none.
    @Test func leftoversOfAKilledBuildAreNoObstacle() throws {
        try audit.append(.made())
        _ = try open()
        for name in ["index.sqlite.new", "index.sqlite-journal"] {
            let file = try OwnedDescriptor.open("\(audit.path)/\(name)", O_WRONLY | O_CREAT, mode: 0o600)
            _ = write(file.raw, "half", 4)
        }
        try audit.append(.made())
        #expect(try open().runs(RunFilter()).count == 2)
        #expect(try open(rebuild: true).position.records == 2)
        #expect(access("\(audit.indexFile).new", F_OK) != 0 && access("\(audit.indexFile)-journal", F_OK) != 0)
    }

    @Test func theIndexIsForItsOwnerOnly() throws {
        try audit.append(.made())
        _ = try open()
        var status = stat()
        try #require(stat(audit.indexFile, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    /// Many at once, over records that are being added: nothing is counted twice or lost.
    @Test func manyMayBringItUpToDateAtOnce() async throws {
        for _ in 0..<50 { try audit.append(.made()) }
        let path = audit.path
        for round in 1...5 {
            for _ in 0..<20 { try audit.append(.made()) }
            let counts = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<8 {
                    group.addTask { try AuditIndex(directory: path, rebuild: false).position.records }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts == Array(repeating: Int64(50 + 20 * round), count: 8))
        }
        let sum = try open().summary()
        #expect(sum.runs == 150 && sum.scanners[0].usage[.wall]?.values.count == 150)
    }

    private func size(of path: String) throws -> off_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_size
    }
}
