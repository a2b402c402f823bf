import Glibc

/// Walks through one line of JSON from front to back and hands out what is asked for, without a copy of the rest.
///
/// A million lines are read to build an index, so keys are compared where they lie, what is not asked for is passed over byte by byte,
/// and nesting costs no stack. What is passed over is checked no further than its brackets and quotes: whether the audit is whole is
/// for `audit verify` to say.
struct LineCursor {
    private let bytes: UnsafePointer<UInt8>
    private let end: Int
    private var index = 0

    /// The bytes must outlive the cursor.
    init(_ line: UnsafeBufferPointer<UInt8>) {
        bytes = line.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
        end = line.count
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return index == end
        }
    }

    /// A key where it lies in the line, escapes and all: our writer never escapes one.
    struct Key {
        fileprivate let start: UnsafePointer<UInt8>
        fileprivate let count: Int

        static func ~= (name: StaticString, key: Key) -> Bool {
            key.count == name.utf8CodeUnitCount && memcmp(key.start, name.utf8Start, key.count) == 0
        }
    }

    /// Calls `body` for each member, with the cursor before the value, which `body` must consume. What is no object is skipped.
    mutating func object(_ body: (inout LineCursor, Key) throws(MalformedLine) -> Void) throws(MalformedLine) {
        guard try take(UInt8(ascii: "{")) else { return try skip() }
        if try take(UInt8(ascii: "}")) { return }
        while true {
            guard try take(UInt8(ascii: "\"")) else { throw MalformedLine() }
            let start = index
            try skipRestOfString()
            let key = Key(start: bytes + start, count: index - 1 - start)
            guard try take(UInt8(ascii: ":")) else { throw MalformedLine() }
            try body(&self, key)
            if try take(UInt8(ascii: "}")) { return }
            guard try take(UInt8(ascii: ",")) else { throw MalformedLine() }
        }
    }

    /// Calls `body` for each element, which it must consume. What is no array is skipped.
    mutating func array(_ body: (inout LineCursor) throws(MalformedLine) -> Void) throws(MalformedLine) {
        guard try take(UInt8(ascii: "[")) else { return try skip() }
        if try take(UInt8(ascii: "]")) { return }
        while true {
            try body(&self)
            if try take(UInt8(ascii: "]")) { return }
            guard try take(UInt8(ascii: ",")) else { throw MalformedLine() }
        }
    }

    /// A whole number from 0 to 2^63-1; nil, and the value is skipped, for anything else. No usage and no limit is negative.
    mutating func count() throws(MalformedLine) -> Int64? {
        skipSpace()
        let start = index
        var number: Int64 = 0
        while index < end, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            let (product, over) = number.multipliedReportingOverflow(by: 10)
            let (sum, overSum) = product.addingReportingOverflow(Int64(digit))
            if over || overSum {
                try skipWord()
                return nil
            }
            number = sum
            index += 1
        }
        if index > start && (index == end || isBoundary(bytes[index])) { return number }
        index = start
        try skip()
        return nil
    }

    /// True or false; nil, and the value is skipped, for anything else.
    mutating func boolean() throws(MalformedLine) -> Bool? {
        skipSpace()
        guard index < end else { throw MalformedLine() }
        let first = bytes[index]
        try skip()
        return first == UInt8(ascii: "t") ? true : first == UInt8(ascii: "f") ? false : nil
    }

    /// A string's first `limit` bytes; nil, and the value is skipped, where it is none.
    mutating func string(limit: Int) throws(MalformedLine) -> String? {
        guard try take(UInt8(ascii: "\"")) else {
            try skip()
            return nil
        }
        let start = index
        let escapes = try skipRestOfString()
        let raw = UnsafeBufferPointer(start: bytes + start, count: index - 1 - start)
        if !escapes { return String(decoding: raw.prefix(limit), as: UTF8.self) }
        return String(decoding: StringEscapes.resolved(raw, limit: limit), as: UTF8.self)
    }

    /// Goes past one value of any kind.
    mutating func skip() throws(MalformedLine) {
        var depth = 0
        repeat {
            skipSpace()
            guard index < end else { throw MalformedLine() }
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { throw MalformedLine() }
                depth -= 1
                index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                if depth == 0 { throw MalformedLine() }
                index += 1
            case UInt8(ascii: "\""):
                index += 1
                try skipRestOfString()
            default: try skipWord()
            }
        } while depth > 0
    }

    /// From behind the opening quote to behind the closing one. True where there was a backslash.
    @discardableResult
    private mutating func skipRestOfString() throws(MalformedLine) -> Bool {
        var escapes = false
        while index < end {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return escapes }
            if byte == UInt8(ascii: "\\") {
                escapes = true
                index += 1
            }
        }
        throw MalformedLine()
    }

    /// Numbers, true, false, null: everything up to the next mark of JSON.
    private mutating func skipWord() throws(MalformedLine) {
        let start = index
        while index < end, !isBoundary(bytes[index]) { index += 1 }
        if index == start { throw MalformedLine() }
    }

    private func isBoundary(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ":"), UInt8(ascii: "\""),
            UInt8(ascii: "{"),
            UInt8(ascii: "["), 0...0x20:
            true
        default: false
        }
    }

    private mutating func take(_ byte: UInt8) throws(MalformedLine) -> Bool {
        skipSpace()
        guard index < end else { throw MalformedLine() }
        if bytes[index] != byte { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < end, bytes[index] == 0x20 || bytes[index] == 0x09 || bytes[index] == 0x0D { index += 1 }
    }
}

/// A line that is no JSON object as far as it was read.
struct MalformedLine: Error {}
