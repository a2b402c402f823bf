/// A profile that cannot be used, or a filter that cannot be made from it: what, and where it says so.
///
/// Reads as one line for people: `/usr/share/scan-executor/seccomp/default.yaml:12: unknown system call "opn"`.
/// Text that came out of a profile is quoted with control characters escaped and its length bounded.
public struct SeccompPolicyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// For programs.
    public enum Code: String, Sendable {
        /// No search directory has the profile, or a file cannot be read; the reason has the errno.
        case unreadable
        /// Over 1 MiB, or with more nodes than a profile can need.
        case tooLarge
        /// Not YAML, or with anchors and aliases, or too deep.
        case malformed
        /// A key, value, name of a system call or of an architecture that has no meaning here.
        case invalid
        /// Two rules give different answers to one call.
        case conflict
        /// An include that leads back to itself, or too many of them.
        case include
        /// libseccomp refused; the reason has its errno.
        case compilation
    }

    public var code: Code
    /// The file as it was opened.
    public var file: String
    /// Line in the file, from 1. Nil where the whole file is meant.
    public var line: Int?
    public var reason: String

    public init(_ code: Code, _ position: SourcePosition, _ reason: String) {
        self.code = code
        self.file = position.file
        self.line = position.line
        self.reason = reason
    }

    public var description: String {
        if let line { "\(file):\(line): \(reason)" } else { "\(file): \(reason)" }
    }
}

/// A place in a profile.
public struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// From 1; nil for the whole file.
    public var line: Int?

    public init(file: String, line: Int? = nil) {
        self.file = file
        self.line = line
    }

    public var description: String {
        if let line { "\(file):\(line)" } else { file }
    }
}

/// Text from outside, made fit for a terminal and a log line.
enum Quoted {
    /// `text` in quotes: printable ASCII as it is, all else as `\u{1B}`, at most 64 characters.
    static func text(_ text: String) -> String {
        var result = "\""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == 64 { return result + "...\"" }
            count += 1
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case " "..."~": result.unicodeScalars.append(scalar)
            default: result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
        return result + "\""
    }
}
