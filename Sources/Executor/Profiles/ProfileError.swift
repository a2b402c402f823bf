/// One thing wrong with a profile, in one sentence, and where it stands.
public struct ProfileProblem: Sendable, Hashable, CustomStringConvertible {
    /// Line in the file, from 1. Nil where no line is to blame: an empty file, a command-line option.
    public var line: Int?
    /// The key as a path, such as `limits.memory`; nil where the file as a whole is meant.
    public var key: String?
    /// The sentence, without a full stop: what was found, and what would be right.
    public var message: String

    public init(line: Int? = nil, key: String? = nil, _ message: String) {
        self.line = line
        self.key = key
        self.message = message
    }

    public var description: String { key.map { "\($0): \(message)" } ?? message }
}

/// A scanner profile, or a limit given for one run, that cannot be used. Carries every problem found, not only the first.
public struct ProfileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure this is, for programs.
    public enum Code: String, Sendable {
        /// No profile of that name in any directory searched.
        case notFound = "not_found"
        /// The name itself cannot be a profile's name.
        case invalidName = "invalid_name"
        /// The file is there and could not be read.
        case unreadable
        /// Not one YAML mapping within the bounds for profiles: too large, too deep, not UTF-8, not YAML.
        case malformed
        /// YAML, but not a profile: unknown keys, wrong units, impossible limits.
        case invalid
        /// A limit from outside the profile (the command line, a task) that is wrong or does not fit the others.
        case invalidLimit = "invalid_limit"
    }

    public var code: Code
    /// The file, the profile's name, or the option: whatever the reader has to change.
    public var subject: String
    /// In the order of the file. Never empty.
    public var problems: [ProfileProblem]

    public init(_ code: Code, _ subject: String, _ problems: [ProfileProblem]) {
        self.code = code
        self.subject = subject
        self.problems = problems
    }

    /// One line a problem: `bandit.yaml:12: limits.memory: "512" is no size ...`.
    public var description: String {
        let lines = problems.map { problem in
            let place = problem.line.map { "\(subject):\($0)" } ?? subject
            return TerminalText.line("\(place): \(problem.description)")
        }
        return lines.joined(separator: "\n")
    }
}

/// A value that cannot be used, before anybody knows which file or option it came from.
struct ValueProblem: Error {
    var message: String

    init(_ message: String) { self.message = message }

    /// The value as it is quoted in messages: bounded, so that a megabyte of junk does not fill the terminal.
    static func quoted(_ text: String) -> String {
        text.count > 60 ? "\"\(text.prefix(60))...\"" : "\"\(text)\""
    }
}
