import Testing

@testable import Executor

@Suite struct FindingsReaderTests {
    static func read(_ format: FindingsFormat, _ text: String, keeping limit: Int = 1000) throws -> Findings {
        try FindingsReader(format: format, keeping: limit).read(Array(text.utf8))
    }

    /// What real scanners wrote about the same few files, and the first finding of each.
    static let reports: [(FindingsFormat, String, Int, Finding)] = [
        (
            .banditJSON, "bandit.json", 6,
            Finding(
                path: "py/app.py", line: 1, severity: .low, rule: "B403",
                message: "Consider possible security implications associated with pickle module.")
        ),
        (
            .semgrepJSON, "semgrep.json", 6,
            Finding(
                path: "c/leak.c", line: 7, severity: .high, rule: "opt.scan-executor.semgrep-rules.c-unbounded-copy",
                message: "nothing bounds what is written; pass the buffer's size and check for truncation")
        ),
        (
            .cppcheckXML, "cppcheck.xml", 4,
            Finding(
                path: "c/leak.c", line: 9, severity: .high, rule: "arrayIndexOutOfBounds",
                message: "Array 'buf[8]' accessed at index 10, which is out of bounds.")
        ),
        (
            .flawfinderCSV, "flawfinder.csv", 4,
            Finding(
                path: "c/leak.c", line: 7, severity: .high, rule: "FF1001",
                message:
                    "buffer/strcpy: Does not check for buffer overflows when copying to destination [MS-banned] (CWE-120)."
            )
        ),
        (
            .sarif, "flawfinder.sarif", 4,
            Finding(
                path: "c/leak.c", line: 5, severity: .info, rule: "FF1013",
                message:
                    "buffer/char:Statically-sized arrays can be improperly restricted, leading to potential overflows or other issues (CWE-119!/CWE-120)."
            )
        ),
        (
            .shellcheckJSON1, "shellcheck.json", 24,
            Finding(
                path: "sh/new\nline & \"q\".sh", line: 2, severity: .medium, rule: "SC2115",
                message: "Use \"${var:?}\" to ensure this never expands to /* .")
        ),
        (
            .gccText, "gcc.txt", 1,
            Finding(
                path: "c/leak.c", line: 6, severity: .medium, rule: "-Wunused-variable", message: "unused variable ‘p’")
        ),
    ]

    @Test(arguments: reports)
    func realReportsAreRead(format: FindingsFormat, file: String, count: Int, first: Finding) throws {
        let findings = try FindingsReader(format: format).read(try fixture(file))
        #expect(findings.count == count)
        #expect(findings.kept.count == count)
        #expect(findings.bySeverity.values.reduce(0, +) == count)
        #expect(findings.kept.contains(first), "\(findings.kept)")
        #expect(
            !findings.kept.contains { $0.path.hasPrefix("/") || $0.path.isEmpty || $0.rule.isEmpty || $0.line == nil })
    }

    @Test(arguments: reports)
    func truncatedReportsAreErrorsOrShorterAndNeverACrash(
        format: FindingsFormat, file: String, count: Int, first: Finding
    ) throws {
        let bytes = try fixture(file)
        for length in stride(from: 0, to: bytes.count, by: 173) {
            let findings = try? FindingsReader(format: format).read(Array(bytes[..<length]))
            #expect((findings?.count ?? 0) <= count)
        }
    }

    @Test(arguments: reports)
    func damagedReportsNeverCrash(format: FindingsFormat, file: String, count: Int, first: Finding) throws {
        let bytes = try fixture(file)
        for position in stride(from: 0, to: bytes.count, by: 101) {
            for byte in [0, 0x22, 0x5C, 0x7B, 0x5D, 0x3C, 0x26, 0xFF] as [UInt8] {
                var damaged = bytes
                damaged[position] = byte
                _ = try? FindingsReader(format: format).read(damaged)
            }
        }
    }

    @Test func oneFormatIsNotTakenForAnother() throws {
        for (format, file, _, _) in Self.reports where format != .gccText {
            for (other, _, _, _) in Self.reports where other != format && other != .gccText {
                // bandit and semgrep both have a list called results; the rest cannot be mistaken.
                if [format, other].allSatisfy({ $0 == .banditJSON || $0 == .semgrepJSON }) { continue }
                let bytes = try fixture(file)
                #expect(throws: FindingsError.self) { try FindingsReader(format: other).read(bytes) }
            }
        }
    }

    @Test func onlyTheFirstAreKeptAndAllAreCounted() throws {
        let result = "{\"filename\":\"/src/a\",\"issue_severity\":\"HIGH\"}"
        let text = "{\"results\":[" + Array(repeating: result, count: 5000).joined(separator: ",") + "]}"
        let findings = try Self.read(.banditJSON, text, keeping: 10)
        #expect(findings.kept.count == 10)
        #expect(findings.count == 5000)
        #expect(findings.bySeverity == [.high: 5000])
    }

    @Test func deepNestingCostsNothing() throws {
        let deep = String(repeating: "[", count: 500_000) + String(repeating: "]", count: 500_000)
        #expect(try Self.read(.banditJSON, "{\"x\":\(deep),\"results\":[]}").count == 0)
        #expect(throws: FindingsError.self) { try Self.read(.banditJSON, String(repeating: "{\"a\":", count: 100_000)) }
        #expect(throws: FindingsError.self) { try Self.read(.cppcheckXML, String(repeating: "<a", count: 100_000)) }
    }

    @Test func longTextsAreCutOffAtTheirBounds() throws {
        let long = String(repeating: "é", count: 100_000)
        let findings = try Self.read(
            .banditJSON, "{\"results\":[{\"filename\":\"\(long)\",\"issue_text\":\"\(long)\"}]}")
        #expect(findings.kept.first?.path.utf8.count == 1024)
        #expect(findings.kept.first?.message == String(repeating: "é", count: 256))
    }

    @Test func wrongTypesAreAbsentValues() throws {
        let text =
            "{\"results\":[{\"filename\":7,\"line_number\":\"x\",\"issue_severity\":[],\"test_id\":null,\"issue_text\":{}},3,null,[]]}"
        let findings = try Self.read(.banditJSON, text)
        #expect(findings.count == 4)
        #expect(findings.kept.first == Finding(path: "", line: nil, severity: .unknown, rule: "", message: ""))
    }

    @Test func escapesOfJSONAreResolved() throws {
        let text = #"{"results":[{"filename":"\u0061\ud83d\ude42\ud83d\n\/\u00e9","line_number":-3}]}"#
        let finding = try #require(try Self.read(.banditJSON, text).kept.first)
        #expect(finding.path == "a🙂\u{FFFD}\n/é")
        #expect(finding.line == nil)
    }

    @Test func entitiesOfXMLAreResolvedAndDeclarationsRefused() throws {
        let text =
            "<results><error id='a' msg='&lt;&#65;&#x42;&amp;&nope;&#xD800;'><location file='/src/x' line='2'/></error></results>"
        #expect(
            try Self.read(.cppcheckXML, text).kept == [
                Finding(path: "x", line: 2, severity: .unknown, rule: "a", message: "<AB&&nope;&#xD800;")
            ])
        let bomb = "<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'>]><results><error msg='&a;'/></results>"
        #expect(throws: FindingsError.self) { try Self.read(.cppcheckXML, bomb) }
    }

    @Test func errorsWithoutAPlaceAreNoFindings() throws {
        let text = "<results><errors><error id='missingInclude' severity='information' msg='x'/></errors></results>"
        #expect(try Self.read(.cppcheckXML, text).count == 0)
    }

    @Test func severalShellcheckReportsAreOne() throws {
        let one =
            "{\"comments\":[{\"file\":\"/src/a.sh\",\"line\":1,\"level\":\"error\",\"code\":1000,\"message\":\"m\"}]}\n"
        #expect(try Self.read(.shellcheckJSON1, "{\"comments\":[]}\n\(one)\(one)").count == 2)
        #expect(throws: FindingsError.self) { try Self.read(.banditJSON, "{\"results\":[]}{\"results\":[]}") }
    }

    @Test func quotedFieldsOfCSVMayHoldAnything() throws {
        let text =
            "File,Line,Level,Category,Name,Warning,RuleId\r\n\"/src/a,\"\"b\n.c\",3,5,x,y,z,FF1\r\nExamining a\r\n"
        #expect(
            try Self.read(.flawfinderCSV, text).kept == [
                Finding(path: "a,\"b\n.c", line: 3, severity: .high, rule: "FF1", message: "x/y: z")
            ])
    }

    @Test(arguments: [
        ("a.c:1:2: error: x [r]", Finding(path: "a.c", line: 1, severity: .high, rule: "r", message: "x")),
        ("a:b.c:7: note: y: z", Finding(path: "a:b.c", line: 7, severity: .info, rule: "", message: "y: z")),
        (
            "/src/./a.c:9: warning: [only]",
            Finding(path: "./a.c", line: 9, severity: .medium, rule: "", message: "[only]")
        ),
    ])
    func linesOfGCCAreRead(line: String, finding: Finding) throws {
        #expect(try Self.read(.gccText, "In file included from x:\n\(line)\n  7 | code\n").kept == [finding])
    }

    /// A tag of a million attributes and a report of a million lines cost no memory beside the report's own.
    @Test func whatIsNoFindingIsNotKept() throws {
        var cursor = XMLTagCursor(
            Array(("<error " + (0..<1000).map { "a\($0)='x' " }.joined() + "><location/>").utf8))
        #expect(try cursor.next(limit: 16)?.attributes.count == 64)
        #expect(try cursor.next(limit: 16)?.name == "location")
        #expect(try Self.read(.gccText, "\n\na.c:1: error: x\n\nb.c:2: error: y").count == 2)
    }

    @Test func percentSignsOfSARIFAreDecoded() throws {
        #expect(FindingsReader.percentDecoded("a%20b%C3%A9%zz%4") == "a bé%zz%4")
    }

    @Test func aReportBeyondTheBoundIsNotRead() {
        let error = #expect(throws: FindingsError.self) {
            try FindingsReader(format: .sarif).read(Array(repeating: 0x20, count: FindingsReader.maximumBytes + 1))
        }
        #expect(error?.message.contains("more than the 67108864 that are read") == true)
    }
}
