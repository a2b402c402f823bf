import ArgumentParser
import Executor
import LocalStore

/// `audit ls`.
struct AuditListCommand: ParsableCommand, AuditVerb {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List runs, the newest first.",
        discussion: """
            Filters add up. --target takes a path, which stands for itself and everything below it, or a pattern over whole paths, in which \
            * takes any characters, / among them, ? takes one, and [a-z] one of a set.
            """)

    @Option(help: ArgumentHelp("Only this scanner's runs; - for runs of exec.", valueName: "name"))
    var scanner: String?

    @Option(
        help: ArgumentHelp(
            "Only runs that ended so: \(VerdictKind.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "verdict"))
    var verdict: String?

    @OptionGroup var time: TimeOptions

    @Option(help: ArgumentHelp("Only runs on this path, or on those that match this pattern.", valueName: "path"))
    var target: String?

    @Option(help: ArgumentHelp("How many runs.", valueName: "number"))
    var limit = 50

    @Flag(help: "Print JSON: one object a line.")
    var json = false

    @OptionGroup var audit: AuditOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        var filter = RunFilter()
        guard (1...1_000_000).contains(limit) else { throw InputError("--limit takes 1 to 1000000") }
        filter.limit = limit
        filter.scanner = scanner
        if let verdict {
            guard let kind = VerdictKind(rawValue: verdict) else {
                let known = VerdictKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw InputError("--verdict \"\(verdict.prefix(80))\" is none; there are \(known)")
            }
            filter.verdict = kind
        }
        (filter.since, filter.until) = try time.range()
        filter.target = try target.map { text throws(LocalStoreError) in try TargetPattern(text) }
        let runs = try audit.openIndex().runs(filter)
        let output = StandardStreams.output
        if json {
            output.write(runs.map { $0.json + "\n" }.joined())
        } else if runs.isEmpty {
            output.write("no runs\n")
        } else {
            output.write(Self.table(runs))
        }
        return .success
    }

    static func table(_ runs: [RunRow]) -> String {
        var table = TextTable(right: [4, 5, 6])
        table.add(["ID", "STARTED (UTC)", "SCANNER", "VERDICT", "WALL", "CPU", "MEMORY", "TARGET"])
        for run in runs {
            table.add([
                run.id, run.time.map { TimeText.seconds($0) } ?? "-", run.scanner ?? RunFilter.noScanner,
                run.verdict + (run.partial ? ", partial" : ""), text(.wall, run.wallMilliseconds),
                text(.cpu, run.cpuMicroseconds), text(.memory, run.memoryPeakBytes), run.target ?? "-",
            ])
        }
        return table.text
    }

    private static func text(_ metric: AuditMetric, _ value: Int64?) -> String {
        value.map { UnitText.of(metric, $0) } ?? "-"
    }
}

extension RunRow {
    /// One line. The whole record is what `audit show --json` prints.
    var json: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.string("id", id)
            writer.string("task_id", task)
            writer.string("started_at", time.map { Timestamp(milliseconds: $0).description })
            writer.string("scanner", scanner)
            writer.string("verdict", verdict)
            writer.boolean("partial", partial)
            writer.integer("wall_ms", wallMilliseconds)
            writer.integer("cpu_us", cpuMicroseconds)
            writer.integer("memory_peak_bytes", memoryPeakBytes)
            writer.string("target", target)
        }
        return writer.text
    }
}
