import ArgumentParser
import CgroupV2
import Executor

/// `scan-executor reap`: the end of what dead workers left.
struct ReapCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "reap",
        abstract: "End what dead workers left: kill it, and remove its cgroup.",
        discussion: """
            Every start of a scan does the same. Runs of living workers are left alone: each holds a lock that ends with its \
            process. Each end is written to the audit that the run belonged to, once.

            EXIT STATUS
              0 nothing is left, 75 something could not be ended yet, 69 the host has no cgroups for us.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Host") var host: HostOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let settings = try OperatorSettings(host.choices)
        let tree = try CgroupTree.prepare(root: settings.cgroupRoot, placement: .never)
        let reclaimed = try RunRecovery(own: nil).reap(tree, within: .seconds(10)).sorted { $0.path < $1.path }
        if json {
            StandardStreams.output.write(ReapCommand.json(reclaimed, pretty: StandardStreams.output.isTerminal) + "\n")
        } else {
            let lines = reclaimed.isEmpty ? ["nothing was left"] : reclaimed.map { ReclaimedLine.text($0) }
            StandardStreams.output.write(lines.map { TerminalText.line($0) + "\n" }.joined())
        }
        return reclaimed.allSatisfy { $0.outcome == .removed } ? .success : .tryAgain
    }

    static func json(_ reclaimed: [Reclaimed], pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/reap/1")
            writer.array("reclaimed") { writer in
                for leaf in reclaimed {
                    writer.object { writer in
                        writer.string("cgroup", leaf.path)
                        writer.string("type", leaf.type)
                        writer.string("task_id", leaf.lease?.task)
                        writer.integer("attempt", leaf.lease?.attempt)
                        writer.string("worker", leaf.lease?.worker.id)
                        switch leaf.outcome {
                        case .removed: writer.string("outcome", "removed")
                        case .stillPopulated: writer.string("outcome", "still_populated")
                        case .unrecorded(let reason):
                            writer.string("outcome", "unrecorded")
                            writer.string("error", reason)
                        case .failed(let error):
                            writer.string("outcome", "failed")
                            writer.string("error", "\(error)")
                        }
                    }
                }
            }
        }
        return writer.text
    }
}
