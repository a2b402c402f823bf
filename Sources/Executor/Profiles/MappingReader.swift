import Yams

/// Where the problems of one file gather while it is decoded, so that all of them are reported at once.
final class ProblemList {
    private(set) var problems: [ProfileProblem] = []

    func add(_ key: String?, _ line: Int?, _ message: String) {
        problems.append(ProfileProblem(line: line, key: key, message))
    }

    /// In the order of the file; problems of the file as a whole last.
    var sorted: [ProfileProblem] {
        problems.enumerated().sorted {
            ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset)
        }.map(\.element)
    }
}

/// One YAML mapping, read key by key. Keys outside `known`, wrong types and missing keys become problems; the reader goes on.
struct MappingReader {
    /// The path of this mapping within the file, with a final dot: `limits.`; empty at the top.
    private let prefix: String
    private let line: Int?
    private let entries: [String: (key: Node, value: Node)]
    let problems: ProblemList

    /// Nil, with a problem noted, where `node` is no mapping.
    init?(_ node: Node, at path: String, known: [String], problems: ProblemList) {
        guard let mapping = node.mapping else {
            problems.add(
                path.isEmpty ? nil : path, node.mark?.line, "expected a mapping with \(known.joined(separator: ", "))")
            return nil
        }
        var entries: [String: (key: Node, value: Node)] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                problems.add(path.isEmpty ? nil : path, key.mark?.line, "a key must be plain text")
                continue
            }
            if known.contains(name) {
                entries[name] = (key, value)
            } else {
                problems.add(
                    MappingReader.joined(path, name), key.mark?.line,
                    "unknown key; the keys here are \(known.joined(separator: ", "))")
            }
        }
        self.prefix = path.isEmpty ? "" : path + "."
        self.line = node.mark?.line
        self.entries = entries
        self.problems = problems
    }

    private static func joined(_ path: String, _ name: String) -> String {
        let shown = String(name.prefix(60))
        return path.isEmpty ? shown : "\(path).\(shown)"
    }

    func path(_ key: String) -> String { prefix + key }

    func line(of key: String) -> Int? { entries[key]?.key.mark?.line ?? line }

    func has(_ key: String) -> Bool { entries[key] != nil }

    func note(_ key: String, _ message: String, line: Int? = nil) {
        problems.add(path(key), line ?? self.line(of: key), message)
    }

    /// The node under `key`; a missing one is a problem where `example` is given.
    func node(_ key: String, required example: String? = nil) -> Node? {
        if let entry = entries[key] { return entry.value }
        if let example { note(key, "missing; write for example \(key): \(example)") }
        return nil
    }

    /// A scalar's text. An empty plain scalar, `null` and `~` are no text.
    func text(_ key: String, required example: String? = nil) -> String? {
        guard let node = node(key, required: example) else { return nil }
        guard let text = MappingReader.text(of: node) else {
            note(key, "expected one value, such as \(example ?? "text")", line: node.mark?.line)
            return nil
        }
        return text
    }

    /// A list of scalars, each with its line.
    func texts(_ key: String, required example: String? = nil) -> [(text: String, line: Int?)]? {
        guard let node = node(key, required: example) else { return nil }
        guard let sequence = node.sequence else {
            note(key, "expected a list, such as \(example ?? "[one, two]")", line: node.mark?.line)
            return nil
        }
        var texts: [(text: String, line: Int?)] = []
        for item in sequence {
            guard let text = MappingReader.text(of: item) else {
                note(key, "expected a list of plain values; quote what is meant as text", line: item.mark?.line)
                return nil
            }
            texts.append((text, item.mark?.line))
        }
        return texts
    }

    func mapping(_ key: String, known: [String], required example: String? = nil) -> MappingReader? {
        guard let node = node(key, required: example) else { return nil }
        return MappingReader(node, at: path(key), known: known, problems: problems)
    }

    /// Runs a conversion and turns what it throws into a problem of `key`.
    func convert<Value>(_ key: String, line: Int? = nil, _ conversion: () throws(ValueProblem) -> Value) -> Value? {
        do throws(ValueProblem) {
            return try conversion()
        } catch {
            note(key, error.message, line: line)
            return nil
        }
    }

    static func text(of node: Node) -> String? {
        guard let scalar = node.scalar else { return nil }
        if scalar.style == .plain && ["", "~", "null"].contains(scalar.string) { return nil }
        return scalar.string
    }
}
