import Glibc
import SystemPackage
import SystemSupport
import Testing

@testable import Executor

@Suite struct AuditLogTests {
    @Test(arguments: AuditSettings.Sync.allCases)
    func recordsAreChainedInOrder(sync: AuditSettings.Sync) async throws {
        let audit = try TestAudit()
        let log = try audit.log(sync)
        var last = AuditPosition.origin
        for number in 1...20 {
            let position = try await log.append(auditRecord("task-\(number)"))
            #expect(position.sequence == UInt64(number))
            let line = Array(try audit.lines(audit.files[0])[number - 1].utf8)
            #expect(AuditLine(line[...])?.previous == last.hash)
            #expect(SHA256.hex(SHA256.digest(line)) == position.hash)
            last = position
        }
        let result = try audit.verify()
        #expect(result.isIntact && result.notes.isEmpty && result.records == 20 && result.newest == last)
        #expect(try AuditHead.read(in: AuditDirectory(audit.path, creates: false)) == .position(last))
        var status = stat()
        #expect(stat(audit.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(log.syncCount == (sync == .always ? 20 : 0))
    }

    /// Each log has open files and a lock of its own, as each process has.
    @Test(arguments: AuditSettings.Sync.allCases)
    func manyWritersMakeOneChainOverManyFiles(sync: AuditSettings.Sync) async throws {
        let audit = try TestAudit()
        let logs = try (0..<4).map { _ in try audit.log(sync, rotateBytes: 8192) }
        let positions = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for (writer, log) in logs.enumerated() {
                for lane in 0..<4 {
                    group.addTask {
                        var found: [UInt64] = []
                        for number in 0..<25 {
                            found.append(try await log.append(auditRecord("\(writer)-\(lane)-\(number)")).sequence)
                        }
                        return found
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(positions.sorted() == (1...400).map { UInt64($0) })
        let result = try audit.verify()
        #expect(result.isIntact && result.records == 400, "\(result.breaks) \(result.notes)")
        #expect(result.files > 10)
        if sync == .always { #expect(logs.map(\.syncCount).reduce(0, +) < 400) }
        let tasks = try audit.files.flatMap { try audit.lines($0) }.compactMap {
            $0.firstMatch(of: /"task_id":"([^"]+)"/).map { String($0.1) }
        }
        #expect(Set(tasks).count == 400)
        // A file that is complete cannot be written to by accident.
        var status = stat()
        #expect(stat("\(audit.path)/\(audit.files[0])", &status) == 0 && status.st_mode & 0o222 == 0)
    }

    @Test(arguments: ["{\"schema\":\"scan-exec", "\0\0\0\0\0\0", "{}\n\n", "garbage\n{\"half\":"])
    func whatACrashLeftBehindTheLastLineIsMovedAside(partial: String) async throws {
        let audit = try TestAudit()
        try await audit.log().append(auditRecord("one"))
        let name = audit.files[0]
        let whole = try audit.bytes(name)
        try audit.replace(name, with: whole + Array(partial.utf8))
        let before = try audit.verify()
        #expect(before.isIntact == !partial.contains("\n"), "\(before.breaks)")
        try await audit.log().append(auditRecord("two"))
        let after = try audit.verify()
        #expect(after.isIntact && after.records == 2, "\(after.breaks)")
        #expect(after.notes.contains { $0.contains("moved aside") })
        let kept = try #require(audit.names.first { $0.hasSuffix(".partial") })
        #expect(try audit.bytes(kept) == Array(partial.utf8))
        #expect(try audit.lines(name)[1].contains(#""mended":"\#(partial.utf8.count) bytes"#))
    }

    /// Of a write that is cut anywhere, as by kill -9 or a power failure.
    @Test func anAppendCutOffAtAnyByteLosesNothingBeforeIt() async throws {
        let audit = try TestAudit()
        try await audit.log().append(auditRecord("one"))
        let name = audit.files[0]
        let one = try audit.bytes(name)
        let head = try audit.bytes("head")
        try await audit.log().append(auditRecord("two"))
        let both = try audit.bytes(name)
        for length in one.count...both.count {
            try audit.replace(name, with: Array(both[..<length]))
            try audit.replace("head", with: head)
            #expect(try audit.verify().isIntact, "\(length)")
            try await audit.log().append(auditRecord("three"))
            let result = try audit.verify()
            #expect(result.isIntact && result.records == (length == both.count ? 3 : 2), "\(length) \(result.breaks)")
        }
    }

    @Test func aFileMadeByWhomDiedBeforeItsFirstLineIsNoBreak() async throws {
        let audit = try TestAudit()
        let log = try audit.log(rotateBytes: 1)
        try await log.append(auditRecord("one"))
        try audit.replace(AuditDirectory.fileName(first: 2), with: [])
        #expect(try audit.verify().isIntact)
        try await log.append(auditRecord("two"))
        try await audit.log().append(auditRecord("three"))
        let result = try audit.verify()
        #expect(result.isIntact && result.records == 3, "\(result.breaks)")
    }

    @Test func linksAndOthersDirectoriesAreRefused() async throws {
        let audit = try TestAudit()
        try await audit.log().append(auditRecord("one"))
        let link = "\(audit.path)-link"
        symlink(audit.path, link)
        defer { unlink(link) }
        #expect(throws: ExecutorError.self) { try AuditLog(AuditSettings(directory: link)) }
        chmod(audit.path, 0o777)
        let open = #expect(throws: ExecutorError.self) { try audit.log() }
        #expect(open?.message.contains("nobody else's to write to") == true)
        chmod(audit.path, 0o700)
        for path in ["relative", "", "/tmp/\u{0}x", "/" + String(repeating: "x", count: 2000)] {
            #expect(throws: ExecutorError.self) { try AuditLog(AuditSettings(directory: path)) }
        }
        // A link, a FIFO and a directory where a file of lines should be.
        let name = AuditDirectory.fileName(first: 2)
        for plant in [{ symlink("/etc/passwd", $0) }, { mkfifo($0, 0o600) }, { mkdir($0, 0o700) }] as [(String) -> CInt]
        {
            #expect(plant("\(audit.path)/\(name)") == 0)
            await #expect(throws: ExecutorError.self) { try await audit.log().append(auditRecord("two")) }
            #expect(throws: ExecutorError.self) { try audit.verify() }
            unlink("\(audit.path)/\(name)")
            rmdir("\(audit.path)/\(name)")
        }
        #expect(try audit.verify().isIntact)
    }

    @Test func theDirectoriesAboveAreMade() async throws {
        let audit = try TestAudit()
        let path = "\(audit.path)/a/b"
        _ = try AuditLog(AuditSettings(directory: path))
        unlink("\(path)/lock")
        for name in [path, "\(audit.path)/a"] { #expect(rmdir(name) == 0) }
    }

    @Test func recordedRunsAreFoundAsFarBackAsAsked() async throws {
        let audit = try TestAudit()
        let log = try audit.log(rotateBytes: 4096)
        let ids = (0..<30).map { _ in ULID.make() }
        for id in ids { try await log.append(auditRecord("t", id: id)) }
        let runs = log.recordedRuns()
        #expect(try runs.contains(ids[20], after: 20))
        #expect(try !runs.contains(ids[19], after: 20))
        #expect(try runs.contains(ids[3], after: 2))
        let late = ULID.make()
        #expect(try !runs.contains(late, after: 25))
        try await audit.log(rotateBytes: 4096).append(auditRecord("t", id: late))
        #expect(try runs.contains(late, after: 25))
    }
}
