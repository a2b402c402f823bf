import ArgumentParser

/// `scan-executor audit`: the records of all runs.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "List, show and sum up the runs on record, propose limits, and prove that no record was changed.",
        subcommands: [
            AuditListCommand.self, AuditShowCommand.self, AuditSummaryCommand.self, AuditVerifyCommand.self,
            AuditRecommendCommand.self, AuditReportCommand.self, AuditIndexCommand.self,
        ])
}
