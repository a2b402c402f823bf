/// Reads the rows of a CSV file (RFC 4180): fields apart by commas, quoted where they contain commas, quotes or line breaks.
struct CSVCursor {
    private let bytes: [UInt8]
    private var index = 0
    /// No scanner has more columns; what follows in a row is dropped.
    private static let mostFields = 64

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next row, each field up to `limit` bytes; nil at the end.
    mutating func next(limit: Int) throws(FindingsError) -> [String]? {
        if index == bytes.count { return nil }
        var row: [String] = []
        while true {
            let field = try field(limit)
            if row.count < CSVCursor.mostFields { row.append(field) }
            guard index < bytes.count else { return row }
            let separator = bytes[index]
            index += 1
            if separator == UInt8(ascii: ",") { continue }
            if separator == UInt8(ascii: "\r"), index < bytes.count, bytes[index] == UInt8(ascii: "\n") { index += 1 }
            return row
        }
    }

    /// Stops before the separator.
    private mutating func field(_ limit: Int) throws(FindingsError) -> String {
        var content: [UInt8] = []
        var isQuoted = false
        let start = index
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                let isEscape = isQuoted && index + 1 < bytes.count && bytes[index + 1] == byte
                if isEscape {
                    if content.count <= limit { content.append(byte) }
                    index += 2
                    continue
                }
                isQuoted.toggle()
            } else if !isQuoted
                && (byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r"))
            {
                return boundedText(content, limit)
            } else if content.count <= limit {
                content.append(byte)
            }
            index += 1
        }
        if isQuoted { throw FindingsError("a quoted field does not end", offset: start) }
        return boundedText(content, limit)
    }
}
