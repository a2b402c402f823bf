import Glibc
import SystemSupport
import Testing

@testable import Executor

@Suite struct AuditVerifierTests {
    /// Nine records in three files.
    private func sample() async throws -> TestAudit {
        let audit = try TestAudit()
        for number in 1...9 { try await audit.log(rotateBytes: 1500).append(auditRecord("task-\(number)")) }
        #expect(audit.files.count == 3)
        #expect(try audit.verify().isIntact)
        return audit
    }

    @Test func anyChangedByteIsFound() async throws {
        let audit = try await sample()
        for (number, name) in audit.files.enumerated() {
            let bytes = try audit.bytes(name)
            // Every byte of the newest file, whose last line only the head vouches for.
            for index in stride(from: 0, to: bytes.count, by: number == 2 ? 1 : 13) {
                var changed = bytes
                changed[index] ^= index % 2 == 0 ? 0x01 : 0x20
                try audit.replace(name, with: changed)
                #expect(try !audit.verify().isIntact, "\(name) byte \(index)")
            }
            try audit.replace(name, with: bytes)
        }
        let head = try audit.bytes("head")
        for index in head.indices {
            var changed = head
            changed[index] ^= 0x01
            try audit.replace("head", with: changed)
            #expect(try audit.verify().kinds == [.head], "byte \(index)")
        }
        try audit.replace("head", with: head)
        #expect(try audit.verify().isIntact)
    }

    @Test func anyRemovedLineIsFound() async throws {
        let audit = try await sample()
        var number = 0
        for name in audit.files {
            let lines = try audit.lines(name)
            for index in lines.indices {
                number += 1
                var fewer = lines
                fewer.remove(at: index)
                try audit.replace(name, lines: fewer)
                let found = try audit.verify()
                let kind: AuditVerification.Break.Kind = number == 1 ? .begins : number == 9 ? .head : .removed
                #expect(found.kinds.contains(kind), "record \(number): \(found.breaks)")
            }
            try audit.replace(name, lines: lines)
        }
        #expect(number == 9)
    }

    @Test func anyTwoLinesThatChangedPlacesAreFound() async throws {
        let audit = try await sample()
        let all = try audit.files.map { ($0, try audit.lines($0)) }
        for first in 0..<9 {
            for second in (first + 1)..<9 {
                var lines = all.flatMap(\.1)
                lines.swapAt(first, second)
                for (name, old) in all {
                    try audit.replace(name, lines: Array(lines.prefix(old.count)))
                    lines.removeFirst(old.count)
                }
                let found = try audit.verify()
                #expect(
                    !found.kinds.isDisjoint(with: [.removed, .reordered, .begins]),
                    "\(first) \(second): \(found.breaks)")
            }
        }
    }

    @Test func aLineThatIsThereTwiceIsFound() async throws {
        let audit = try await sample()
        let lines = try audit.lines(audit.files[1])
        try audit.replace(audit.files[1], lines: lines + [lines[lines.count - 1]])
        #expect(try audit.verify().kinds == [.reordered])
    }

    @Test func aRemovedFileIsFoundWhicheverItIs() async throws {
        let audit = try await sample()
        let files = audit.files
        for (name, kind) in zip(files, [AuditVerification.Break.Kind.begins, .removed, .head]) {
            let bytes = try audit.bytes(name)
            unlink("\(audit.path)/\(name)")
            #expect(try audit.verify().kinds == [kind], "\(name)")
            try audit.replace(name, with: bytes)
        }
        for name in files { unlink("\(audit.path)/\(name)") }
        #expect(try audit.verify().kinds == [.head])
        #expect(throws: ExecutorError.self) { try AuditVerifier(directory: "\(audit.path)-none").verify() }
    }

    @Test func aRemovedHeadIsFound() async throws {
        let audit = try await sample()
        unlink("\(audit.path)/head")
        #expect(try audit.verify().kinds == [.head])
        // It stays a break when the next record has made a new one.
        _ = try await audit.log().append(auditRecord("later"))
        #expect(try audit.verify().kinds == [.head])
        let other = try await sample()
        try other.replace("head", with: Array("nonsense".utf8))
        _ = try await other.log().append(auditRecord("later"))
        _ = try await other.log().append(auditRecord("and later"))
        #expect(try other.verify().kinds == [.head])
        #expect(try other.verify().breaks.first?.count == 1)
    }

    /// What was taken away stays a break when the audit goes on, and the next record says so.
    @Test func theNextRecordDoesNotCoverWhatIsGone() async throws {
        let audit = try await sample()
        let last = audit.files[2]
        let lines = try audit.lines(last)
        try audit.replace(last, lines: Array(lines.dropLast()))
        let position = try await audit.log().append(auditRecord("later"))
        #expect(position.sequence == 10)
        let found = try audit.verify()
        #expect(found.kinds == [.removed], "\(found.breaks)")
        #expect(try audit.lines(last).last?.contains("records 9 to 9 were gone") == true)
        // The same with a last line that was changed.
        let other = try await sample()
        let changed = try other.lines(other.files[2]).map { $0.replacing("task-9", with: "task-0") }
        try other.replace(other.files[2], lines: changed)
        #expect(try await other.log().append(auditRecord("later")).sequence == 10)
        #expect(try other.verify().kinds == [.altered])
    }

    @Test func afterAnArchiveTheRestFollowsItsLastRecord() async throws {
        let audit = try await sample()
        let lines = try audit.lines(audit.files[0])
        let last = AuditPosition(
            sequence: UInt64(lines.count), hash: SHA256.hex(SHA256.digest(Array(lines[lines.count - 1].utf8))))
        let archive = try TestAudit()
        mkdir(archive.path, 0o700)
        try archive.replace(audit.files[0], lines: lines)
        unlink("\(audit.path)/\(audit.files[0])")
        #expect(try audit.verify().kinds == [.begins])
        #expect(try audit.verify { $0.after = last }.isIntact)
        var wrong = last
        wrong.hash = String(repeating: "0", count: 64)
        #expect(try audit.verify { $0.after = wrong }.kinds == [.begins])
        // The archived files have no head: their last record is what was noted.
        #expect(try archive.verify().kinds == [.head])
        #expect(try archive.verify { $0.expected = last }.isIntact)
        try archive.replace(archive.files[0], lines: Array(lines.dropLast()))
        #expect(try archive.verify { $0.expected = last }.kinds == [.expected])
    }

    /// Whoever writes all of it anew has an intact chain, but not the one that was noted.
    @Test func aNotedPositionTellsAForgedChain() async throws {
        let audit = try await sample()
        let noted = try audit.verify().newest
        #expect(try audit.verify { $0.expected = noted }.isIntact)
        let forged = try await sample()
        #expect(try forged.verify().isIntact)
        #expect(try forged.verify { $0.expected = noted }.kinds == [.expected])
    }

    @Test func aHeadThatIsBehindIsNoBreak() async throws {
        let audit = try TestAudit()
        try await audit.log().append(auditRecord("one"))
        let head = try audit.bytes("head")
        try await audit.log().append(auditRecord("two"))
        try audit.replace("head", with: head)
        let behind = try audit.verify()
        #expect(behind.isIntact && behind.notes.contains { $0.contains("behind") })
        try await audit.log().append(auditRecord("three"))
        let mended = try audit.verify()
        #expect(mended.isIntact && mended.notes.isEmpty && mended.records == 3)
    }

    @Test func aLineOfAnyLengthIsReadInBoundedMemory() async throws {
        let audit = try await sample()
        let name = audit.files[2]
        let lines = try audit.lines(name)
        let long = String(repeating: "x", count: AuditLine.limit + 4096)
        try audit.replace(name, lines: [lines[0], long] + lines.dropFirst())
        let found = try audit.verify()
        #expect(found.kinds == [.unreadable, .altered], "\(found.breaks)")
        #expect(found.breaks.first?.line == 2 && found.records == 9)
    }

    @Test func everyBreakOfAKindIsCountedAndTheFirstIsShown() async throws {
        let audit = try await sample()
        for name in audit.files {
            try audit.replace(name, lines: try audit.lines(name).map { $0.replacing("clean", with: "CLEAN") })
        }
        let found = try audit.verify()
        let altered = try #require(found.breaks.first { $0.kind == .altered })
        #expect(altered.count == 8 && altered.file == audit.files[0] && altered.line == 2)
        #expect(altered.expected != altered.found)
        #expect(found.json().contains(#""kind":"altered""#) && found.json().contains(#""count":8"#))
    }
}
