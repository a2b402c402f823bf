import ArgumentParser
import Executor
import Glibc
import LocalStore

/// Where the audit is, for verbs that read it.
struct AuditOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The audit's directory. Default: SCAN_EXECUTOR_AUDIT_DIR, else the configuration's, else \(AuditSettings.defaultDirectory).",
            valueName: "dir"))
    var auditDir: String?

    @Option(
        help: ArgumentHelp(
            "The configuration. Default: \(ConfigurationFile.standardPath), if it is there.", valueName: "file"))
    var config: String?

    func directory() throws -> String {
        // What is recorded can be read whatever is wrong with a configuration.
        let environment = OperatorSettings.processEnvironment
        let isNamed = auditDir != nil || environment("SCAN_EXECUTOR_AUDIT_DIR")?.isEmpty == false
        let configuration = isNamed ? nil : try ConfigurationChoice.load(config)
        let path = OperatorSettings.auditDirectory(auditDir, environment, configuration?.audit ?? .init())
        guard path.hasPrefix("/") else {
            throw SettingsError(description: "audit directory \(path) must be an absolute path")
        }
        return path
    }

    /// The index, up to date. What a reader should know of it goes to stderr: a wait, a rebuild, lines that are no records.
    func openIndex(rebuild: Bool = false) throws -> AuditIndex {
        let directory = try directory()
        let progress = IndexProgress()
        let index = try AuditIndex(
            directory: directory, rebuild: rebuild, notice: { StandardStreams.complain($0) },
            progress: { progress.show($0) })
        progress.clear()
        if let reason = index.update.rebuilt, !rebuild {
            StandardStreams.complain(
                "the index of \(directory) was built anew (\(reason)): \(UnitText.count(index.position.records)) runs")
        }
        for fault in index.position.faults { StandardStreams.complain("\(fault): run scan-executor audit verify") }
        return index
    }
}

/// How far a long build is, on a terminal's stderr only.
final class IndexProgress {
    private var isShown = false

    func show(_ records: Int64) {
        // The first batch is over in no time, and most builds with it.
        if records < 100_000 || !StandardStreams.error.isTerminal { return }
        StandardStreams.error.write("\rindexing: \(UnitText.count(records)) runs")
        isShown = true
    }

    func clear() {
        if isShown { StandardStreams.error.write("\r\u{1b}[K") }
    }
}

/// Times on the command line.
struct TimeOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "From this time on: 2026-03-01, 2026-03-01T12:00:00Z, or how long ago: 90m, 24h, 7d.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Before this time.", valueName: "time"))
    var until: String?

    /// Milliseconds since 1970.
    func range() throws -> (since: Int64?, until: Int64?) {
        let range = (since: try moment("--since", since), until: try moment("--until", until))
        if let from = range.since, let to = range.until, from >= to {
            throw InputError("--since \(since ?? "") is not before --until \(until ?? "")")
        }
        return range
    }

    private func moment(_ option: String, _ text: String?) throws -> Int64? {
        guard let text else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let milliseconds = Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
        if let moment = TimeText.moment(text, now: milliseconds) { return moment }
        throw InputError(
            "\(option) \"\(text.prefix(80))\" is no time: write 2026-03-01, 2026-03-01T12:00:00Z, or how long ago, as in 24h or 7d"
        )
    }
}

/// Verbs over the audit: their own failures as statuses.
protocol AuditVerb: Verb {}

extension AuditVerb {
    static func status(of error: any Error) -> ExitStatus {
        guard let error = error as? LocalStoreError else { return .failure(error) }
        return switch error.code {
        case .request, .notFound: .usage
        case .directory: .configuration
        case .changed, .index: .software
        }
    }
}
