import ArgumentParser

/// `scan-executor audit`: the record of every run.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "List, show and sum up the runs on record.",
        subcommands: [
            AuditListCommand.self, AuditShowCommand.self, AuditSummaryCommand.self, AuditRecommendCommand.self,
            AuditReportCommand.self, AuditIndexCommand.self,
        ])
}
