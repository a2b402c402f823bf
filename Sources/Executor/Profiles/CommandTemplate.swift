/// A command line with places for the two paths that differ between runs.
///
/// `{target}` and `{output}` stand for the scanned tree and the output directory as the scanner sees them. `{{` and `}}` stand
/// for single braces; any other brace is an error, so that a misspelt placeholder never reaches a scanner as text.
public struct CommandTemplate: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case text(String)
        case target
        case output
    }

    private let arguments: [[Piece]]
    /// The arguments as they were written.
    public let source: [String]

    /// The kernel takes 128 KiB in one argument (MAX_ARG_STRLEN, execve(2)).
    static let longestArgument = 128 << 10

    init(_ source: [String]) throws(ValueProblem) {
        var arguments: [[Piece]] = []
        for argument in source { arguments.append(try CommandTemplate.pieces(of: argument)) }
        guard let program = source.first else { throw ValueProblem("the command is empty") }
        if program.isEmpty { throw ValueProblem("the command's first word, the program, is empty") }
        if program.contains("/") && !SandboxPath.isNormalAbsolute(program) {
            throw ValueProblem("\(ValueProblem.quoted(program)) is neither a program's name nor an absolute path")
        }
        if program.contains("{") { throw ValueProblem("the program must not depend on the run") }
        self.arguments = arguments
        self.source = source
    }

    /// The program: a name to be looked up in PATH, or an absolute path.
    public var program: String { source[0] }

    /// The arguments of one run, program first.
    public func expanded(target: String = SandboxPath.target, output: String = SandboxPath.output) -> [String] {
        arguments.map { pieces in
            pieces.map { piece in
                switch piece {
                case .text(let text): text
                case .target: target
                case .output: output
                }
            }.joined()
        }
    }

    private static func pieces(of argument: String) throws(ValueProblem) -> [Piece] {
        if argument.utf8.count >= longestArgument {
            throw ValueProblem("an argument is longer than the 128 KiB that execve(2) takes")
        }
        var pieces: [Piece] = []
        var text = ""
        var rest = argument[...]
        while let character = rest.popFirst() {
            if (character == "{" || character == "}") && rest.first == character {
                rest.removeFirst()
                text.append(character)
            } else if character == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    throw ValueProblem("\(ValueProblem.quoted(argument)) has { without }; a brace itself is {{")
                }
                let name = rest[..<end]
                rest = rest[rest.index(after: end)...]
                if !text.isEmpty { pieces.append(.text(text)) }
                text = ""
                switch name {
                case "target": pieces.append(.target)
                case "output": pieces.append(.output)
                default:
                    throw ValueProblem(
                        "unknown placeholder \(ValueProblem.quoted("{\(name)}")); there are {target} and {output}, and a brace itself is {{ or }}"
                    )
                }
            } else if character == "}" {
                throw ValueProblem("\(ValueProblem.quoted(argument)) has } without {; a brace itself is }}")
            } else {
                text.append(character)
            }
        }
        if !text.isEmpty || pieces.isEmpty { pieces.append(.text(text)) }
        return pieces
    }
}
