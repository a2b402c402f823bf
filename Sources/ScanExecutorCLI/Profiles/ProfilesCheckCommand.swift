import ArgumentParser
import Executor
import Glibc
import SeccompPolicy

/// `profiles check`.
struct ProfilesCheckCommand: ParsableCommand, Verb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say everything that is wrong with profiles and the configuration.",
        discussion: """
            Each problem is one line: FILE:LINE: KEY: what is wrong. The seccomp profile that a scanner profile names is checked \
            as well. Without arguments, all profiles, and the configuration with how it fits them.

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
        // A wrong configuration is a finding here, and the profiles are looked at all the same.
        var configuration = try CheckedConfiguration(host.config)
        let settings = try OperatorSettings(
            host.choices, profiles: profiles.profiles, environment: OperatorSettings.processEnvironment,
            configuration: configuration?.content)
        let store = ScannerProfileStore(directories: settings.profileDirectories)
        let filters = SeccompProfiles(searchDirectories: settings.seccompDirectories, cacheDirectory: nil)
        let wanted = subjects.isEmpty ? store.list().map(\.name) : subjects
        var found: [CheckedProfile] = []
        for subject in wanted { found.append(CheckedProfile(subject, store, filters)) }
        configuration?.check(against: found.compactMap(\.profile), store)
        let output = StandardStreams.output
        if json {
            output.write(CheckedProfile.json(found, configuration, pretty: output.isTerminal) + "\n")
        } else {
            var lines = configuration?.lines ?? []
            for profile in found { lines += profile.problems.isEmpty ? ["\(profile.subject): ok"] : profile.lines }
            output.write(lines.map { TerminalText.line($0) + "\n" }.joined())
        }
        let isFine = found.allSatisfy(\.problems.isEmpty) && configuration?.problems.isEmpty ?? true
        return isFine ? .success : .configuration
    }
}

/// What is wrong with the configuration.
struct CheckedConfiguration {
    let file: String
    /// As much as can be read.
    private(set) var content: ExecutorConfiguration?
    private(set) var problems: [ProfileProblem] = []

    /// Nil where there is none.
    init?(_ option: String?) throws {
        do throws(ConfigurationError) {
            guard let found = try ConfigurationChoice.load(option) else { return nil }
            (file, content) = (found.file, found)
        } catch {
            (file, content, problems) = (error.file, error.readable, error.problems)
        }
    }

    mutating func check(against profiles: [ScannerProfile], _ store: ScannerProfileStore) {
        guard let content else { return }
        problems += OperatorSettings.problems(
            of: content, with: profiles.map { LimitLadder($0, content) }, store)
        problems.sort { ($0.line ?? .max, $0.key ?? "") < ($1.line ?? .max, $1.key ?? "") }
    }

    var lines: [String] {
        if problems.isEmpty { return ["\(file): ok"] }
        return problems.map { "\($0.line.map { "\(file):\($0)" } ?? file): \($0)" }
    }
}

/// What is wrong with one profile.
struct CheckedProfile {
    var subject: String
    /// Nil where it cannot be read.
    private(set) var profile: ScannerProfile?
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
        self.profile = profile
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

    static func json(_ profiles: [CheckedProfile], _ configuration: CheckedConfiguration?, pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/profiles-check/1")
            if let configuration {
                writer.object("configuration") { writer in
                    writer.string("file", configuration.file)
                    write(configuration.problems.map { (configuration.file, $0) }, to: &writer)
                }
            }
            writer.array("profiles") { writer in
                for profile in profiles {
                    writer.object { writer in
                        writer.string("subject", profile.subject)
                        write(profile.problems, to: &writer)
                    }
                }
            }
        }
        return writer.text
    }

    private static func write(_ problems: [(file: String, problem: ProfileProblem)], to writer: inout JSONWriter) {
        writer.array("problems") { writer in
            for (file, problem) in problems {
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
