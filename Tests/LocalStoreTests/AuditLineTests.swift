import Executor
import Testing

@testable import LocalStore

/// What is read from a line.
@Suite struct AuditLineTests {
    private func read(_ text: String) -> AuditLine? {
        Array(text.utf8).withUnsafeBufferPointer { AuditLine($0) }
    }

    private func line(_ report: RunReport, target: String? = "/srv/a") -> String {
        var audit = JSONWriter()
        audit.object { writer in
            writer.string("id", AuditDirectory.identifier(7))
            writer.integer("sequence", 7)
            writer.string("previous", String(repeating: "0", count: 64))
            writer.string("target", target)
        }
        return report.json().dropLast() + ",\"audit\":" + audit.text + "}"
    }

    @Test func everyFieldOfAReportIsTaken() throws {
        var report = RunReport.made(
            "semgrep", .oomKilled, at: 1234, wall: 5, cpu: 30, memory: 1 << 29, pids: 9, limit: 512)
        report.taskID = "t.1"
        report.usage.cpuSystemMicroseconds = 12
        report.usage.ioReadBytes = 4096
        report.usage.ioWriteBytes = 0
        report.output.stdoutBytes = 100
        report.output.stderrBytes = 11
        report.artifacts = [RunReport.Artifact(path: "a", bytes: 5), RunReport.Artifact(path: "b", bytes: 6)]
        let line = try #require(read(line(report)))
        #expect(line.id == AuditDirectory.identifier(7) && line.sequence == 7 && line.target == "/srv/a")
        #expect(line.taskID == "t.1" && line.scanner == "semgrep" && line.host == "host-a")
        #expect(line.time == 1_772_323_201_234 && line.verdict == "oom_killed" && !line.partial)
        #expect(
            AuditMetric.allCases.map { line.used[$0] } == [5, 42, 1 << 29, 9, 4096, 0, 111, 11])
        #expect(
            AuditMetric.allCases.map { line.limits[$0] }
                == [600_000, 600_000_000, 512 << 20, 32, nil, nil, 16 << 20, 64 << 20])
    }

    @Test func whatNobodyReportedIsAbsentAndNotZero() throws {
        let line = try #require(read(line(RunReport.made(nil, at: nil, wall: nil), target: nil)))
        #expect(line.scanner == nil && line.target == nil && line.taskID == nil)
        for metric in AuditMetric.allCases where metric != .out { #expect(line.used[metric] == nil, "\(metric)") }
        // An empty list of artifacts is a report of none.
        #expect(line.used[.out] == 0)
    }

    @Test func aRunWithoutTimesHasThatOfItsIdentifier() throws {
        let line = try #require(read(line(RunReport.made(at: nil))))
        #expect(line.time == ULIDText.milliseconds(AuditDirectory.identifier(7)) && line.time != nil)
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", "{\"schema\":\"scan-executor/report/1\"}",
        "{\"schema\":\"scan-executor/report/1\",",
        "{\"schema\":\"scan-executor/report/2\",\"verdict\":{\"kind\":\"clean\"},\"audit\":{\"id\":\"A\"}}",
        "{\"schema\":\"scan-executor/report/1\",\"verdict\":{\"kind\":\"clean\"},\"audit\":{\"id\":\"A\"}} more",
        "{\"schema\":\"scan-executor/report/1\",\"verdict\":\"clean\",\"audit\":{\"id\":\"A\"}}",
        "{\"a\":}", "{\"a\" 1}", "\u{0}\u{1}", "{\"a\":\"\\",
    ])
    func whatIsNoRecordIsNone(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test func numbersThatNoUsageCanHaveAreAbsent() throws {
        let text = """
            {"schema":"scan-executor/report/1","verdict":{"kind":"clean"},"audit":{"id":"A"},"usage":{"wall_ms":-1,\
            "memory_peak_bytes":9223372036854775808,"pids_peak":1.5,"io_read_bytes":"7","io_write_bytes":9223372036854775807,\
            "cpu_user_us":9223372036854775807,"cpu_system_us":1},"limits":{"cpu_ms":9223372036854775807,"pids":null}}
            """
        let line = try #require(read(text))
        #expect(line.used[.wall] == nil && line.used[.memory] == nil && line.used[.pids] == nil)
        #expect(line.used[.ioRead] == nil && line.used[.ioWrite] == .max)
        #expect(line.used[.cpu] == .max && line.limits[.cpu] == .max && line.limits[.pids] == nil)
    }

    @Test func nestingHoweverDeepIsPassedOver() throws {
        let deep = String(repeating: "[{\"a\":", count: 100_000) + "1" + String(repeating: "}]", count: 100_000)
        let text =
            "{\"x\":\(deep),\"schema\":\"scan-executor/report/1\",\"verdict\":{\"kind\":\"clean\"},\"audit\":{\"id\":\"A\"}}"
        #expect(read(text)?.id == "A")
    }

    @Test func escapesInTextsAreResolved() throws {
        let text =
            #"{"schema":"scan-executor\/report\/1","scanner":"a\"\\\u00e9\ud83d\ude00\ud800x\u12","verdict":{"kind":"clean"},"audit":{"id":"A"}}"#
        #expect(read(text)?.scanner == "a\"\\é😀\u{FFFD}x\u{FFFD}12")
    }

    /// Every prefix, and every byte changed in turn: any answer is right, a trap is not.
    @Test func damagedLinesNeverTrap() {
        let whole = Array(line(RunReport.made("bandit", .findings, wall: 3, memory: 77, limit: 64)).utf8)
        for count in 0..<whole.count { #expect(read(String(decoding: whole[..<count], as: UTF8.self)) == nil) }
        for index in whole.indices {
            for byte in [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "}"), UInt8(ascii: "{"), 0x00, 0xFF] {
                var damaged = whole
                damaged[index] = byte
                _ = damaged.withUnsafeBufferPointer { AuditLine($0) }
            }
        }
    }

    @Test(
        arguments: [
            ("2026-03-01", 1_772_323_200_000), ("2026-03-01T00:00:01.5Z", 1_772_323_201_500),
            ("2026-03-01T01:00+01:00", 1_772_323_200_000), ("2026-02-28 23:59:59", 1_772_323_199_000),
            ("1970-01-01T00:00:00.000Z", 0), ("2024-02-29", 1_709_164_800_000), ("90m", 1_772_317_800_000),
            ("1d", 1_772_236_800_000), ("0s", 1_772_323_200_000), ("9223372036854775807w", 0),
        ] as [(String, Int64)])
    func timesAreRead(_ text: String, _ expected: Int64) {
        #expect(TimeText.moment(text, now: 1_772_323_200_000) == expected)
    }

    @Test(arguments: [
        "", "x", "2026", "2026-13-01", "2026-02-29", "2026-03-01T24:00Z", "-5h", "+5h", "5", "2026-03-01T1",
        "1969-12-31",
    ])
    func whatIsNoTimeIsNone(_ text: String) {
        #expect(TimeText.moment(text, now: 1_772_323_200_000) == nil)
    }

    /// The reader and the writer of times agree on every day of four centuries.
    @Test func daysAreReadAsTheyAreWritten() {
        for day in stride(from: Int64(0), to: 146_097, by: 1) {
            let time = Timestamp(milliseconds: day * 86_400_000 + day % 86_400 * 1000 + 7)
            #expect(TimeText.milliseconds(time.description) == time.milliseconds)
        }
    }
}
