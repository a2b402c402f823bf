import Glibc
import SystemPackage
import SystemSupport
import Testing

@testable import Executor

@Suite struct AuditFaultTests {
    /// What fails once the lines are written is no reason to write them again.
    @Test(arguments: AuditSettings.Sync.allCases)
    func aHeadThatCannotBeWrittenMakesNoSecondRecord(sync: AuditSettings.Sync) async throws {
        let audit = try TestAudit()
        let log = try audit.log(sync)
        try await log.append(auditRecord("first"))
        let head = "\(audit.path)/head"
        #expect(unlink(head) == 0 && mkdir(head, 0o700) == 0)
        defer { rmdir(head) }
        let positions = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for number in 0..<20 { group.addTask { try await log.append(auditRecord("\(number)")).sequence } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(positions.sorted() == (2...21).map { UInt64($0) })
        #expect(try log.appendNow(auditRecord("last")).sequence == 22)
        #expect(try audit.lines(audit.files[0]).count == 22)
    }

    /// A stopped holder must not stop everybody for ever.
    @Test func aLockThatIsNotGivenBackIsNotWaitedForWithoutEnd() async throws {
        let audit = try TestAudit()
        let log = try AuditLog(AuditSettings(directory: audit.path), lockBound: .milliseconds(20))
        let holder = try OwnedDescriptor.open("\(audit.path)/lock", O_RDWR)
        #expect(try holder.tryLock(object: "lock"))
        for attempt in [0, 1] {
            let error = await #expect(throws: ExecutorError.self) {
                if attempt == 0 { _ = try await log.admit() } else { try await log.append(auditRecord("one")) }
            }
            #expect(error?.isTransient == true && error?.message.contains("\(audit.path)/lock") == true)
        }
        flock(holder.raw, LOCK_UN)
        #expect(try await log.append(auditRecord("two")).sequence == 1)
    }

    @Test func whoIsCancelledDoesNotWaitForTheLock() async throws {
        let audit = try TestAudit()
        let log = try AuditLog(AuditSettings(directory: audit.path), lockBound: .seconds(1 << 30))
        let holder = try OwnedDescriptor.open("\(audit.path)/lock", O_RDWR)
        #expect(try holder.tryLock(object: "lock"))
        _ = try await log.admit(unless: { true })
    }

    /// A crash between the first line and its head.
    @Test func theHeadStandsBeforeTheFirstLine() async throws {
        let audit = try TestAudit()
        let log = try audit.log(.always)
        _ = try await log.admit()
        let head = try audit.bytes("head")
        #expect(AuditHead.parse(head) == .origin)
        try await log.append(auditRecord("one"))
        try audit.replace("head", with: head)
        #expect(try audit.verify().isIntact)
    }

    @Test func roomIsKeptWhenAFileIsBegun() async throws {
        let audit = try TestAudit()
        let log = try audit.log(rotateBytes: 1)
        try await log.append(auditRecord("one"))
        try log.reserve(1 << 20)
        try await log.append(auditRecord("two"))
        #expect(audit.files.count == 2)
        var status = stat()
        #expect(stat("\(audit.path)/\(audit.files[1])", &status) == 0)
        #expect(status.st_blocks * 512 >= 1 << 20)
    }
}
