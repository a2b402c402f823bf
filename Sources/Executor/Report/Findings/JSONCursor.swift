/// Walks through JSON once, from front to back, and hands out only what is asked for. Skipping a value does not recurse, so
/// nesting costs nothing; what is skipped is not validated beyond its brackets and quotes.
struct JSONCursor {
    private let bytes: [UInt8]
    private(set) var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    /// True once only white space is left.
    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return index == bytes.count
        }
    }

    /// Calls `body` for each member, with the cursor before the value, which `body` must consume. What is no object is skipped.
    mutating func object(_ body: (inout JSONCursor, String) throws(FindingsError) -> Void) throws(FindingsError) {
        guard try take("{") else { return try skip() }
        if try take("}") { return }
        while true {
            guard let key = try string(limit: 64) else { throw malformed("a key was expected") }
            if try !take(":") { throw malformed("a colon was expected") }
            try body(&self, key)
            if try take("}") { return }
            if try !take(",") { throw malformed("a comma or } was expected") }
        }
    }

    /// Calls `body` for each element, which it must consume. What is no array is skipped.
    mutating func array(_ body: (inout JSONCursor) throws(FindingsError) -> Void) throws(FindingsError) {
        guard try take("[") else { return try skip() }
        if try take("]") { return }
        while true {
            try body(&self)
            if try take("]") { return }
            if try !take(",") { throw malformed("a comma or ] was expected") }
        }
    }

    /// A string's first `limit` bytes; nil, and the value is skipped, where it is none. Half a surrogate pair becomes U+FFFD.
    mutating func string(limit: Int) throws(FindingsError) -> String? {
        guard try take("\"") else {
            try skip()
            return nil
        }
        var content: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return boundedText(content, limit) }
            if byte != UInt8(ascii: "\\") {
                if content.count <= limit { content.append(byte) }
                continue
            }
            let scalar = try escape()
            if content.count <= limit { content.append(contentsOf: String(scalar).utf8) }
        }
        throw malformed("a string does not end")
    }

    /// A whole number; nil, and the value is skipped, where it is none.
    mutating func integer() throws(FindingsError) -> Int? {
        skipSpace()
        let start = index
        try skip()
        return Int(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    /// `true` or `false`; nil, and the value is skipped, where it is neither.
    mutating func boolean() throws(FindingsError) -> Bool? {
        skipSpace()
        let start = index
        try skip()
        return Bool(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    /// Goes past one value of any kind.
    mutating func skip() throws(FindingsError) {
        var depth = 0
        repeat {
            skipSpace()
            guard index < bytes.count else { throw malformed("the report ends too early") }
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { throw malformed("a value was expected") }
                depth -= 1
                index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                if depth == 0 { throw malformed("a value was expected") }
                index += 1
            case UInt8(ascii: "\""): try skipString()
            default: try skipWord()
            }
        } while depth > 0
    }

    /// Numbers, true, false, null: letters, digits, signs and points.
    private mutating func skipWord() throws(FindingsError) {
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                index += 1
            default:
                if index == start { throw malformed("this is not JSON") }
                return
            }
        }
    }

    private mutating func skipString() throws(FindingsError) {
        index += 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        index = bytes.count
        throw malformed("a string does not end")
    }

    /// What stands after a backslash.
    private mutating func escape() throws(FindingsError) -> Unicode.Scalar {
        guard index < bytes.count else { throw malformed("a string does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: return Unicode.Scalar(byte)
        }
    }

    private mutating func unicodeEscape() throws(FindingsError) -> Unicode.Scalar {
        let first = try hexUnit()
        if !(0xD800..<0xDC00).contains(first) { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        let rewind = index
        guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
            return "\u{FFFD}"
        }
        index += 2
        let second = try hexUnit()
        guard (0xDC00..<0xE000).contains(second) else {
            index = rewind
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexUnit() throws(FindingsError) -> UInt32 {
        guard index + 4 <= bytes.count,
            let unit = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else {
            throw malformed("\\u without four hexadecimal digits")
        }
        index += 4
        return unit
    }

    private mutating func take(_ character: Unicode.Scalar) throws(FindingsError) -> Bool {
        skipSpace()
        guard index < bytes.count else { throw malformed("the report ends too early") }
        if bytes[index] != UInt8(ascii: character) { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private func malformed(_ message: String) -> FindingsError { FindingsError(message, offset: index) }
}
