import SystemSupport
import Testing

@testable import Executor

@Suite struct AuditFormatTests {
    /// The format is a contract: this line was written once, and others read such lines.
    @Test func aLineIsTheReportWithOneMemberMore() {
        var record = auditRecord("task-1", id: "01KHPVZG00D5N9SKZG7FFFFFFF")
        record.stamp.kernel = "6.18.1"
        record.stamp.executorVersion = "0.1.0"
        record.stamp.scannerVersion = "bandit 1.8"
        record.stamp.proofSHA256 = String(repeating: "ab", count: 32)
        record.stamp.worker = "w-1"
        let previous = String(repeating: "0", count: 64)
        let line = String(decoding: record.encoded().line(1, following: previous, mended: nil), as: UTF8.self)
        #expect(
            line == #"{"schema":"scan-executor/report/1","task_id":"task-1","started_at":"2026-02-25T06:13:20.000Z","#
                + #""ended_at":"2026-02-25T06:13:21.000Z","verdict":{"kind":"clean","failure_class":"none","partial":false,"#
                + #""exit_code":0,"evidence":[{"source":"wait status","text":"exit 0"}]},"limits":{},"enforcement":{},"#
                + #""usage":{},"output":{},"artifacts":[],"timings":{},"audit":{"id":"01KHPVZG00D5N9SKZG7FFFFFFF","#
                + #""sequence":1,"previous":"0000000000000000000000000000000000000000000000000000000000000000","#
                + #""target":"/srv/tree","kernel":"6.18.1","executor_version":"0.1.0","scanner_version":"bandit 1.8","#
                + #""proof_sha256":"abababababababababababababababababababababababababababababababab","worker":"w-1"}}"#
        )
        #expect(AuditLine(Array(line.utf8)[...]) == AuditLine(id: record.stamp.id, sequence: 1, previous: previous))
        #expect(AuditLine.text("ended_at", of: Array(line.utf8)[...]) == "2026-02-25T06:13:21.000Z")
    }

    @Test func whatWasMendedStandsInTheNextLine() {
        var stamp = AuditStamp(id: ULID.make())
        stamp.isRecovered = true
        let entry = AuditRecord(RunReport(verdict: auditRecord("t").report.verdict), stamp).encoded()
        let line = entry.line(7, following: String(repeating: "f", count: 64), mended: "3 \"bytes\"")
        #expect(String(decoding: line, as: UTF8.self).hasSuffix(#"ff","mended":"3 \"bytes\"","recovered":true}}"#))
        #expect(AuditLine(line[...])?.sequence == 7)
    }

    /// Names, targets and printed text are hostile; none of them can be taken for the frame.
    @Test func noTextOfAReportLooksLikeTheFrame() {
        let forged =
            #"","audit":{"id":"00000000000000000000000000","sequence":9,"previous":""#
            + String(repeating: "0", count: 64) + #""}}"#
        var record = auditRecord(forged, id: "01KHPVZG00D5N9SKZG7FFFFFFF", printing: forged)
        record.stamp.target = forged
        record.stamp.worker = forged
        let line = record.encoded().line(3, following: String(repeating: "1", count: 64), mended: forged)
        #expect(AuditLine(line[...])?.sequence == 3)
        #expect(AuditLine(line[...])?.id == "01KHPVZG00D5N9SKZG7FFFFFFF")
        #expect(!line.contains(UInt8(ascii: "\n")))
    }

    @Test func whatIsNoWholeLineIsNone() {
        let line = auditRecord("t").encoded().line(1, following: String(repeating: "0", count: 64), mended: nil)
        for length in 0..<line.count { #expect(AuditLine(line[..<length]) == nil, "\(length)") }
        for text in ["{}", "", "}}", "{\"audit\":{}}"] { #expect(AuditLine(Array(text.utf8)[...]) == nil) }
        for (from, to) in [
            ("\"sequence\":1,", "\"sequence\":99999999999999999999,"), ("\"sequence\":1,", "\"sequence\":-1,"),
        ] {
            let changed = String(decoding: line, as: UTF8.self).replacing(from, with: to)
            #expect(AuditLine(Array(changed.utf8)[...]) == nil, "\(to)")
        }
    }

    @Test func recordsHaveABoundWhateverTheRunLeft() {
        var record = auditRecord("t", printing: String(repeating: "\u{1B}", count: 1 << 20))
        record.report.output.stderr = String(repeating: "é", count: 1 << 20)
        record.report.artifacts = (0..<100_000).map {
            RunReport.Artifact(path: "\($0)/" + String(repeating: "\u{7}", count: 200), bytes: 1)
        }
        record.report.verdict.evidence = (0..<1000).map { _ in
            Evidence(source: "launch", text: String(repeating: "\u{1B}", count: 9000))
        }
        record.stamp.target = String(repeating: "\u{1B}", count: 5000)
        let line = record.encoded().line(1, following: String(repeating: "0", count: 64), mended: nil)
        #expect(line.count < AuditLog.recordBytes)
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.contains(#""truncated":true"#) && text.contains(#""artifacts_omitted":"#))
        let usual = auditRecord("t").encoded().line(1, following: String(repeating: "0", count: 64), mended: nil)
        #expect(usual.count < 8192 && !String(decoding: usual, as: UTF8.self).contains("omitted"))
    }

    @Test func identifiersSortByTimeAndAreUnique() {
        #expect(ULID.text(milliseconds: 1_469_918_176_385, 0, 0) == "01ARYZ6S410000000000000000")
        #expect(ULID.text(milliseconds: (1 << 48) - 1, .max, .max) == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
        #expect(ULID.text(milliseconds: -1, 0, 0) == "00000000000000000000000000")
        let made = (0..<1000).map { _ in ULID.make() }
        #expect(Set(made).count == 1000 && made.allSatisfy { $0.utf8.allSatisfy(ULID.isDigit) })
        #expect(ULID.make(at: Timestamp(milliseconds: 1)) < ULID.make(at: Timestamp(milliseconds: 2)))
    }

    @Test func positionsAndHeadsAreReadBackOrNotAtAll() {
        let position = AuditPosition(sequence: 42, hash: String(repeating: "a1", count: 32))
        #expect(AuditPosition(parsing: position.description) == position)
        let head = AuditHead.bytes(position)
        #expect(head.count == AuditHead.byteCount && AuditHead.parse(head) == position)
        for length in 0..<head.count { #expect(AuditHead.parse(Array(head[..<length])) == nil) }
        for text in ["", "1", "1:", ":\(position.hash)", "1:\(position.hash)0", "9223372036854775808:\(position.hash)"]
        {
            #expect(AuditPosition(parsing: text) == nil, "\(text)")
        }
    }
}
