import ArgumentParser
import Executor
import LocalStore
import SystemSupport

/// `audit index`.
struct AuditIndexCommand: ParsableCommand, AuditVerb {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Bring the index up to date with the audit's files, or build it anew.",
        discussion: """
            The other verbs do this by themselves. The index, index.sqlite in the audit's directory, holds nothing that the files do not: \
            it can be deleted at any time.
            """)

    @Flag(help: "Build it from nothing.")
    var rebuild = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var audit: AuditOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let begun = MonotonicTime.now
        let index = try audit.openIndex(rebuild: rebuild)
        let taken = MonotonicTime.now - begun
        let output = StandardStreams.output
        if json {
            var writer = JSONWriter(pretty: output.isTerminal)
            writer.object { writer in
                writer.string("schema", "scan-executor/audit-index/1")
                writer.string("directory", index.directory)
                writer.integer("records", index.position.records)
                writer.integer("added", index.update.added)
                writer.boolean("rebuilt", index.update.rebuilt != nil)
                writer.integer("unreadable_lines", index.position.unreadable)
                writer.integer("chain_breaks", index.position.chainBreaks)
                writer.integer("begins_after", index.position.beginsAfter)
                writer.integer("sequence", index.position.sequence)
                writer.string("head_sha256", SHA256.hex(index.position.headHash))
                writer.integer("elapsed_ms", taken.wholeMilliseconds)
            }
            output.write(writer.text + "\n")
        } else {
            let done = index.update.rebuilt == nil ? "up to date" : "built"
            output.write(
                "\(done): \(UnitText.count(index.position.records)) runs, \(UnitText.count(index.update.added)) of them new, in "
                    + UnitText.duration(microseconds: taken.wholeMicroseconds)
                    + (index.position.beginsAfter.map { "; begins after record \(UnitText.count($0))" } ?? "") + "\n")
        }
        return .success
    }
}
