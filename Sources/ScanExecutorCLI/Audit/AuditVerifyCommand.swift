import ArgumentParser
import Executor

/// `scan-executor audit verify`: whether every record is there, in its place and as it was written.
struct AuditVerifyCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that no record was altered, removed or moved.",
        discussion: """
            Each record has the hash of the one before, and the file head that of the newest. Whoever can write to all of them \
            can still write all of them anew: note the newest record's SEQUENCE:HASH, which is printed, on another machine, and give it back \
            with --expect.

            EXIT STATUS
              0 intact, 1 broken, 64 wrong usage, 69 there is no audit that can be read.
            """)

    @OptionGroup var audit: AuditOptions

    @Option(
        help: ArgumentHelp("A record that must be there, as it was noted.", valueName: "sequence:hash"))
    var expect: String?

    @Option(
        help: ArgumentHelp(
            "The last record of the files that were archived, which the first one here follows.",
            valueName: "sequence:hash"))
    var beginsAfter: String?

    @Flag(help: "Print JSON.")
    var json = false

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        var verifier = AuditVerifier(directory: try audit.directory())
        verifier.expected = try Self.position("--expect", expect)
        verifier.after = try Self.position("--begins-after", beginsAfter) ?? .origin
        let result = try verifier.verify()
        let output = StandardStreams.output
        if json {
            output.write(result.json(pretty: output.isTerminal) + "\n")
        } else {
            output.write(Self.lines(result).map { TerminalText.line($0) + "\n" }.joined())
        }
        return result.isIntact ? .success : .findings
    }

    private static func position(_ option: String, _ text: String?) throws -> AuditPosition? {
        guard let text else { return nil }
        guard let position = AuditPosition(parsing: text) else {
            throw InputError("\(option) \(text): write SEQUENCE:HASH, as `audit verify` prints it")
        }
        return position
    }

    static func lines(_ result: AuditVerification) -> [String] {
        var lines: [String] = []
        for item in result.breaks {
            let place = item.line.map { "\(item.file):\($0)" } ?? item.file
            let more = item.count > 1 ? " (and \(item.count - 1) more of this kind)" : ""
            lines.append("\(place): \(item.kind.rawValue): \(item.text)\(more)")
            if let expected = item.expected { lines.append("  expected \(expected)") }
            if let found = item.found { lines.append("  found    \(found)") }
        }
        lines += result.notes.map { "note: \($0)" }
        let times = result.firstTime.flatMap { first in result.lastTime.map { ", \(first) to \($0)" } } ?? ""
        lines.append(
            "\(result.isIntact ? "intact" : "BROKEN"): \(result.records) records in \(result.files) files\(times)")
        if result.records > 0 { lines.append("newest record \(result.newest)") }
        return lines
    }
}
