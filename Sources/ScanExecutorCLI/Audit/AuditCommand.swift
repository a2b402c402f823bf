import ArgumentParser

/// `scan-executor audit`: the records of all runs.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Look at the records of all runs, and prove that none was changed.",
        subcommands: [AuditVerifyCommand.self])
}
