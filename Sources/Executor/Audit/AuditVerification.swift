/// What a walk over the whole audit found.
public struct AuditVerification: Sendable, Equatable {
    /// A place where the chain does not hold. The first of its kind, with how many there are.
    public struct Break: Sendable, Equatable {
        public enum Kind: String, Sendable, CaseIterable {
            /// A line's hash of the line before is not that line's: one of the two is not as it was written.
            case altered
            /// Numbers are left out: lines are gone.
            case removed
            /// A number that was there before, or should come later.
            case reordered
            /// No line of ours, or longer than one can be.
            case unreadable
            /// A file's name is not the number of its first line.
            case fileName = "file_name"
            /// The first line is not number 1, or does not follow the position that was given.
            case begins
            /// `head` is missing, unreadable, of another line, or ahead of the lines: the last ones are gone.
            case head
            /// The position that was to be found is not there.
            case expected
        }

        public var kind: Kind
        /// The file's name in the directory.
        public var file: String
        /// From 1; nil where it is about a file as a whole.
        public var line: Int?
        /// One sentence.
        public var text: String
        public var expected: String?
        public var found: String?
        /// Of this kind, in all.
        public var count = 1
    }

    public var directory: String
    public var files = 0
    /// Whole lines.
    public var records = 0
    public var bytes: Int64 = 0
    /// When the first and the last run ended, as their lines have it.
    public var firstTime: String?
    public var lastTime: String?
    /// The newest line: to be noted elsewhere, for `--expect`.
    public var newest = AuditPosition.origin
    /// In the order of the lines, one for each kind.
    public var breaks: [Break] = []
    /// Not as it is every day, and no break.
    public var notes: [String] = []

    public var isIntact: Bool { breaks.isEmpty }

    init(directory: String) { self.directory = directory }

    mutating func add(
        _ kind: Break.Kind, _ file: String, _ line: Int?, _ text: String, expected: String? = nil, found: String? = nil
    ) {
        if let index = breaks.firstIndex(where: { $0.kind == kind }) {
            breaks[index].count += 1
        } else {
            breaks.append(Break(kind: kind, file: file, line: line, text: text, expected: expected, found: found))
        }
    }

    /// The same as JSON.
    public func json(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/audit-verification/1")
            writer.string("directory", directory)
            writer.boolean("intact", isIntact)
            writer.integer("files", files)
            writer.integer("records", records)
            writer.integer("bytes", bytes)
            writer.string("first_time", firstTime)
            writer.string("last_time", lastTime)
            writer.object("newest") { writer in
                writer.integer("sequence", newest.sequence)
                writer.string("sha256", newest.hash)
            }
            writer.array("breaks") { writer in
                for item in breaks {
                    writer.object { writer in
                        writer.string("kind", item.kind.rawValue)
                        writer.string("file", item.file)
                        writer.integer("line", item.line)
                        writer.string("text", item.text)
                        writer.string("expected", item.expected)
                        writer.string("found", item.found)
                        writer.integer("count", item.count)
                    }
                }
            }
            writer.array("notes") { writer in for note in notes { writer.string(nil, note) } }
        }
        return writer.text
    }
}
