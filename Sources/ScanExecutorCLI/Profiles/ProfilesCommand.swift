import ArgumentParser

/// `scan-executor profiles`: the scanner profiles there are.
struct ProfilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profiles", abstract: "List, show and check scanner profiles.",
        subcommands: [ProfilesListCommand.self, ProfilesShowCommand.self, ProfilesCheckCommand.self])
}
