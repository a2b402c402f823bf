/// Writes JSON (RFC 8259) with keys in the order of the calls, so that a report reads as its contract is written.
///
/// Nil values are left out, key and all. Beside what JSON demands, characters that act on a terminal are escaped (`\u001b`): the
/// value is the same, and printing it is harmless.
package struct JSONWriter {
    private var bytes: [UInt8] = []
    /// True where the next member of the current container follows another.
    private var needsComma = false
    private var depth = 0
    /// Two spaces a level and a line a member; one line without.
    let isPretty: Bool

    package init(pretty: Bool = false) {
        isPretty = pretty
        bytes.reserveCapacity(4096)
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package mutating func object(_ key: String? = nil, _ body: (inout JSONWriter) -> Void) {
        container(key, "{", "}", body)
    }

    package mutating func array(_ key: String? = nil, _ body: (inout JSONWriter) -> Void) {
        container(key, "[", "]", body)
    }

    package mutating func string(_ key: String? = nil, _ value: String?) {
        guard let value else { return }
        member(key)
        quote(value)
    }

    package mutating func integer(_ key: String? = nil, _ value: (some BinaryInteger)?) {
        guard let value else { return }
        member(key)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// NaN and the infinities have no JSON; they are left out like nil.
    package mutating func number(_ key: String? = nil, _ value: Double?) {
        guard let value, value.isFinite else { return }
        member(key)
        bytes.append(contentsOf: "\(value)".utf8)
    }

    package mutating func boolean(_ key: String? = nil, _ value: Bool?) {
        guard let value else { return }
        member(key)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    private mutating func container(
        _ key: String?, _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void
    ) {
        member(key)
        bytes.append(UInt8(ascii: open))
        needsComma = false
        depth += 1
        body(&self)
        depth -= 1
        if needsComma { newLine() }
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func member(_ key: String?) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        if depth > 0 { newLine() }
        needsComma = true
        if let key {
            quote(key)
            bytes.append(UInt8(ascii: ":"))
            if isPretty { bytes.append(UInt8(ascii: " ")) }
        }
    }

    private mutating func newLine() {
        if !isPretty { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": bytes.append(contentsOf: "\\\"".utf8)
            case "\\": bytes.append(contentsOf: "\\\\".utf8)
            case "\n": bytes.append(contentsOf: "\\n".utf8)
            case "\r": bytes.append(contentsOf: "\\r".utf8)
            case "\t": bytes.append(contentsOf: "\\t".utf8)
            default:
                if TerminalText.isHostile(scalar) {
                    for unit in String(scalar).utf16 { escape(unit) }
                } else if scalar.isASCII {
                    bytes.append(UInt8(truncatingIfNeeded: scalar.value))
                } else {
                    bytes.append(contentsOf: String(scalar).utf8)
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ unit: UInt16) {
        let digits = String(unit, radix: 16)
        bytes.append(contentsOf: "\\u".utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
        bytes.append(contentsOf: digits.utf8)
    }
}
