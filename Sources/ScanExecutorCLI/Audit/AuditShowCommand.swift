import ArgumentParser
import Executor
import LocalStore

/// `audit show`.
struct AuditShowCommand: ParsableCommand, AuditVerb {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one record whole, as it stands in the audit.",
        discussion: """
            The record is read from its file, and its hash compared with the one that was noted when it was indexed: a record that was \
            changed since is not shown.
            """)

    @Argument(
        help: ArgumentHelp(
            "The record's identifier, the beginning of it, or a task's identifier: then its newest record.",
            valueName: "id"))
    var id: String

    @Flag(help: "Print the line as it is.")
    var json = false

    @OptionGroup var audit: AuditOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let found = try audit.openIndex().run(id)
        let output = StandardStreams.output
        if json {
            let line = found.line + [0x0A]
            _ = line.withUnsafeBytes { output.write($0) }
            return .success
        }
        if let count = found.ofTask, count > 1 {
            StandardStreams.complain("the newest of \(UnitText.count(count)) records of the task \(id)")
        }
        // Nothing of it needs escaping if this program wrote it; if somebody else did, it must not reach the terminal.
        output.write(TerminalText.block(IndentedJSON.text(found.line), limit: 64 << 20) + "\n")
        return .success
    }
}
