import ArgumentParser
import Executor
import Glibc
import SeccompPolicy

/// `profiles check`.
struct ProfilesCheckCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say everything that is wrong with profiles.",
        discussion: """
            Each problem is one line: FILE:LINE: KEY: what is wrong. The seccomp profile that a scanner profile names is checked \
            as well. Without arguments, all profiles.

            EXIT STATUS
              0 nothing is wrong, 78 something is.
            """)

    @Argument(help: ArgumentHelp("Files, or names of profiles.", valueName: "file-or-name"))
    var subjects: [String] = []

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var profiles: ProfileOptions
    @OptionGroup var host: HostOptions

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        let settings = try OperatorSettings(host.choices, profiles: profiles.profiles)
        let store = ScannerProfileStore(directories: settings.profileDirectories)
        let filters = SeccompProfiles(searchDirectories: settings.seccompDirectories, cacheDirectory: nil)
        let wanted = subjects.isEmpty ? store.list().map(\.name) : subjects
        var found: [CheckedProfile] = []
        for subject in wanted { found.append(CheckedProfile(subject, store, filters)) }
        let output = StandardStreams.output
        if json {
            output.write(CheckedProfile.json(found, pretty: output.isTerminal) + "\n")
        } else {
            for profile in found {
                let lines = profile.problems.isEmpty ? ["\(profile.subject): ok"] : profile.lines
                output.write(lines.map { TerminalText.line($0) + "\n" }.joined())
            }
        }
        return found.allSatisfy(\.problems.isEmpty) ? .success : .configuration
    }
}

/// What is wrong with one profile.
struct CheckedProfile {
    var subject: String
    /// The file that a problem stands in, and the problem.
    var problems: [(file: String, problem: ProfileProblem)] = []

    init(_ subject: String, _ store: ScannerProfileStore, _ filters: SeccompProfiles) {
        self.subject = subject
        let profile: ScannerProfile
        do throws(ProfileError) {
            // A name has no slash and no suffix; a file of the same name in the current directory is written ./NAME.
            let isFile = subject.contains("/") || subject.hasSuffix(".yaml")
            profile = isFile ? try ScannerProfileStore.load(file: subject) : try store.load(subject)
        } catch {
            problems = error.problems.map { (error.subject, $0) }
            return
        }
        do throws(SeccompPolicyError) {
            _ = try filters.filter(named: profile.seccomp)
        } catch {
            problems.append((error.file, ProfileProblem(line: error.line, key: "seccomp", error.reason)))
        }
    }

    var lines: [String] {
        problems.map { file, problem in
            "\(problem.line.map { "\(file):\($0)" } ?? file): \(problem)"
        }
    }

    static func json(_ profiles: [CheckedProfile], pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/profiles-check/1")
            writer.array("profiles") { writer in
                for profile in profiles {
                    writer.object { writer in
                        writer.string("subject", profile.subject)
                        writer.array("problems") { writer in
                            for (file, problem) in profile.problems {
                                writer.object { writer in
                                    writer.string("file", file)
                                    writer.integer("line", problem.line)
                                    writer.string("key", problem.key)
                                    writer.string("message", problem.message)
                                }
                            }
                        }
                    }
                }
            }
        }
        return writer.text
    }
}
