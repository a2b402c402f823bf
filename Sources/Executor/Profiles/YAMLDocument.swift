import Yams

/// The bytes of a profile or of the configuration as a tree of YAML nodes, within bounds that hold before the YAML library
/// sees a byte.
///
/// The bounds: 256 KiB, UTF-8 without control characters, one document, no anchors or aliases, 16 levels. An alias is a second
/// way to say nothing new in a file of one screen, and ten lines of them can stand for a billion nodes.
struct YAMLDocument {
    static let maximumBytes = 256 << 10
    static let maximumDepth = 16
    /// Words that may begin with `*` before the file is refused unparsed. Aliases are refused in any number; this many can be
    /// expanded in no time, so that the parser may say on which line the anchor stands.
    static let maximumAliasLikeWords = 8

    /// Nil for a file without content: empty, or nothing but comments.
    let root: Node?

    /// - Parameter kind: what the file is, in messages: `profile`, `configuration`.
    init(_ bytes: [UInt8], kind: String) throws(ProfileProblem) {
        try YAMLDocument.checkBytes(bytes, kind)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProfileProblem(line: YAMLDocument.lineOfInvalidUTF8(bytes), "the file is not UTF-8")
        }
        let node: Node?
        do {
            // The parser is the one owner of its anchors, the nodes only refer to them: it has to live until they are checked.
            // The basic resolver leaves plain scalars as text (`1.5` cores must not become a Double), and needs no regular expressions.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            node = try parser.singleRoot()
            if let node { try YAMLDocument.check(node, depth: 1) }
            withExtendedLifetime(parser) {}
        } catch let problem as ProfileProblem {
            throw problem
        } catch {
            throw YAMLDocument.problem(from: error, kind)
        }
        root = node
    }

    /// Refuses what would be slow or dangerous to parse, in one pass over the bytes.
    private static func checkBytes(_ bytes: [UInt8], _ kind: String) throws(ProfileProblem) {
        if bytes.count > maximumBytes {
            throw ProfileProblem("the file has \(bytes.count) bytes; a \(kind) has at most \(maximumBytes)")
        }
        var line = 1
        var previous = UInt8(ascii: "\n")
        var aliasLike = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case 0..<0x20, 0x7F:
                throw ProfileProblem(
                    line: line, "control character 0x\(String(byte, radix: 16)) is not allowed in a \(kind)")
            case UInt8(ascii: "*") where index + 1 < bytes.count && isWord(bytes[index + 1]) && !isWord(previous):
                aliasLike += 1
                if aliasLike > maximumAliasLikeWords {
                    throw ProfileProblem(
                        line: line,
                        "more than \(maximumAliasLikeWords) words begin with *, as YAML aliases do; aliases are not accepted"
                    )
                }
            default: break
            }
            previous = byte
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func lineOfInvalidUTF8(_ bytes: [UInt8]) -> Int? {
        var line = 1
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return nil
    }

    /// Refuses anchors, explicit tags, escaped NULs and depth anywhere in the tree. The recursion is bounded by the depth.
    private static func check(_ node: Node, depth: Int) throws(ProfileProblem) {
        let line = node.mark?.line
        if depth > maximumDepth { throw ProfileProblem(line: line, "nested deeper than \(maximumDepth) levels") }
        if node.anchor != nil { throw ProfileProblem(line: line, "anchors (&) and aliases (*) are not accepted") }
        switch node {
        case .scalar(let scalar):
            try checkTag(scalar.tag, line: line)
            if scalar.string.utf8.contains(0) { throw ProfileProblem(line: line, "a value contains NUL (\\0)") }
        case .sequence(let sequence):
            try checkTag(sequence.tag, line: line)
            for item in sequence { try check(item, depth: depth + 1) }
        case .mapping(let mapping):
            try checkTag(mapping.tag, line: line)
            for (key, value) in mapping {
                try check(key, depth: depth + 1)
                try check(value, depth: depth + 1)
            }
        case .alias:
            throw ProfileProblem(line: line, "anchors (&) and aliases (*) are not accepted")
        }
    }

    /// The core schema's tags change nothing here, and the parser itself puts them on quoted scalars and on keys.
    private static func checkTag(_ tag: Tag, line: Int?) throws(ProfileProblem) {
        if tag.rawValue.isEmpty || tag.rawValue.hasPrefix("tag:yaml.org,2002:") { return }
        throw ProfileProblem(line: line, "tags (\(ValueProblem.quoted(tag.rawValue))) are not accepted")
    }

    private static func problem(from error: any Error, _ kind: String) -> ProfileProblem {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _):
            ProfileProblem(line: mark.line, "not YAML: \(problem)")
        case YamlError.composer(let context, let problem, let mark, _):
            ProfileProblem(
                line: mark.line,
                context == nil ? "not YAML: \(problem)" : "a \(kind) is one document, and here a second begins")
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            ProfileProblem(
                line: context.mark.line, key: duplicates.first, "the key is given more than once, first here")
        case YamlError.reader(let problem, _, _, _):
            ProfileProblem("not YAML: \(problem)")
        default:
            ProfileProblem("not YAML: \(error)")
        }
    }
}

extension ProfileProblem: Error {}
