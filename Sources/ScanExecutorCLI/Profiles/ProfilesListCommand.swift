import ArgumentParser
import Executor

/// `profiles ls`.
struct ProfilesListCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the profiles, and whether their scanners are installed.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var profiles: ProfileOptions
    @OptionGroup var host: HostOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let settings = try OperatorSettings(host.choices, profiles: profiles.profiles)
        let rows = ProfileRow.all(settings)
        let output = StandardStreams.output
        if json {
            output.write(ProfileRow.json(rows, pretty: output.isTerminal) + "\n")
        } else if rows.isEmpty {
            output.write("no profiles in \(settings.profileDirectories.joined(separator: ", "))\n")
        } else {
            let width = rows.map(\.name.count).max() ?? 0
            for row in rows {
                let name = row.name + String(repeating: " ", count: width - row.name.count)
                output.write("\(name)  \(TerminalText.line(row.state))\n")
            }
        }
        return rows.contains { $0.problem != nil } ? .configuration : .success
    }
}

/// One profile in the list.
struct ProfileRow {
    var name: String
    var file: String
    var summary: String?
    var scannerPath: String?
    /// The first thing wrong with it.
    var problem: String?

    var state: String {
        if let problem { return "wrong: \(problem)" }
        let scanner = scannerPath.map { "scanner at \($0)" } ?? "scanner not installed"
        return "\(summary ?? "") (\(scanner); \(file))"
    }

    static func all(_ settings: OperatorSettings) -> [ProfileRow] {
        let store = ScannerProfileStore(directories: settings.profileDirectories)
        let host = settings.hostSettings
        return store.list().map { entry in
            var row = ProfileRow(name: entry.name, file: entry.path)
            do throws(ProfileError) {
                let profile = try store.load(entry.name)
                row.summary = profile.summary
                row.scannerPath = host.path(of: profile)
            } catch {
                row.problem = error.description.split(separator: "\n").first.map(String.init)
            }
            return row
        }
    }

    static func json(_ rows: [ProfileRow], pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/profiles/1")
            writer.array("profiles") { writer in
                for row in rows {
                    writer.object { writer in
                        writer.string("name", row.name)
                        writer.string("description", row.summary)
                        writer.string("file", row.file)
                        writer.boolean("installed", row.problem == nil ? row.scannerPath != nil : nil)
                        writer.string("scanner_path", row.scannerPath)
                        writer.string("problem", row.problem)
                    }
                }
            }
        }
        return writer.text
    }
}
