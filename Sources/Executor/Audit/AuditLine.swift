import SystemSupport

/// The frame of a line: the report's object with one member more, the last, which begins
/// `"audit":{"id":"…","sequence":N,"previous":"…"`.
///
/// Found from the end by its text alone: a quote inside of a JSON string is escaped, so no value of a report can look like it.
struct AuditLine: Equatable {
    /// Longer lines are none of ours. Records are cut to far less, see ``AuditRecord``.
    static let limit = 4 << 20

    var id: String
    var sequence: UInt64
    /// The hash of the line before.
    var previous: String
    /// The head was gone or no head when this was appended: until then, last records could be taken away without a trace.
    var followsLostHead = false

    init(id: String, sequence: UInt64, previous: String) {
        self.id = id
        self.sequence = sequence
        self.previous = previous
    }

    private static let marker = Array(#","audit":{"id":""#.utf8)
    private static let beforeSequence = Array(#"","sequence":"#.utf8)
    private static let beforeMended = Array(#","mended":""#.utf8)
    private static let beforePrevious = Array(#","previous":""#.utf8)

    /// Nil for what is no whole line of ours. Without the newline.
    init?(_ line: ArraySlice<UInt8>) {
        guard line.first == UInt8(ascii: "{"), line.suffix(2) == [UInt8(ascii: "}"), UInt8(ascii: "}")][...],
            let start = AuditLine.lastMarker(in: line)
        else { return nil }
        var rest = line[start...].dropFirst(AuditLine.marker.count)
        let id = rest.prefix(ULID.length)
        guard id.count == ULID.length, id.allSatisfy(ULID.isDigit) else { return nil }
        rest = rest.dropFirst(ULID.length)
        guard AuditLine.drop(AuditLine.beforeSequence, from: &rest) else { return nil }
        let digits = rest.prefix { $0 != UInt8(ascii: ",") }
        guard let sequence = AuditPosition.sequence(digits) else { return nil }
        rest = rest.dropFirst(digits.count)
        guard AuditLine.drop(AuditLine.beforePrevious, from: &rest), AuditPosition.isHash(rest.prefix(64)),
            rest.dropFirst(64).first == UInt8(ascii: "\"")
        else { return nil }
        self.init(
            id: String(decoding: id, as: UTF8.self), sequence: sequence,
            previous: String(decoding: rest.prefix(64), as: UTF8.self))
        rest = rest.dropFirst(65)
        guard AuditLine.drop(AuditLine.beforeMended, from: &rest) else { return }
        let mended = String(decoding: rest.prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
        followsLostHead = AuditHead.losses.contains { mended.contains($0) }
    }

    private static func drop(_ expected: [UInt8], from rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.starts(with: expected) else { return false }
        rest = rest.dropFirst(expected.count)
        return true
    }

    private static func lastMarker(in line: ArraySlice<UInt8>) -> Int? {
        var index = line.endIndex - marker.count
        while index >= line.startIndex {
            if line[index] == marker[0], line[index...].starts(with: marker) { return index }
            index -= 1
        }
        return nil
    }

    /// The text of a member of the report before `verdict`, such as `ended_at`; nil where the line has none.
    static func text(_ key: String, of line: ArraySlice<UInt8>) -> String? {
        let marker = Array(",\"\(key)\":\"".utf8)
        let end = min(line.endIndex - marker.count, line.startIndex + 8192)
        var index = line.startIndex
        while index <= end {
            if line[index] == marker[0], line[index...].starts(with: marker) {
                let value = line[(index + marker.count)...].prefix { $0 != UInt8(ascii: "\"") }
                return value.count <= 64 ? String(decoding: value, as: UTF8.self) : nil
            }
            index += 1
        }
        return nil
    }
}
