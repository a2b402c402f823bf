/// The escapes in a JSON string (RFC 8259, section 7).
enum StringEscapes {
    /// What `raw`, the bytes between the quotes, stands for: at most about `limit` bytes. Half a surrogate pair and a broken
    /// escape become U+FFFD.
    static func resolved(_ raw: UnsafeBufferPointer<UInt8>, limit: Int) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(min(raw.count, limit))
        var index = 0
        while index < raw.count && content.count < limit {
            let byte = raw[index]
            index += 1
            if byte != UInt8(ascii: "\\") || index == raw.count {
                content.append(byte)
                continue
            }
            let escaped = raw[index]
            index += 1
            switch escaped {
            case UInt8(ascii: "n"): content.append(0x0A)
            case UInt8(ascii: "t"): content.append(0x09)
            case UInt8(ascii: "r"): content.append(0x0D)
            case UInt8(ascii: "b"): content.append(0x08)
            case UInt8(ascii: "f"): content.append(0x0C)
            case UInt8(ascii: "u"): content.append(contentsOf: String(scalar(raw, &index)).utf8)
            default: content.append(escaped)
            }
        }
        return content
    }

    private static func scalar(_ raw: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Unicode.Scalar {
        guard let first = unit(raw, &index) else { return "\u{FFFD}" }
        if !(0xD800..<0xDC00).contains(first) { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        var next = index
        guard next + 1 < raw.count, raw[next] == UInt8(ascii: "\\"), raw[next + 1] == UInt8(ascii: "u") else {
            return "\u{FFFD}"
        }
        next += 2
        guard let second = unit(raw, &next), (0xDC00..<0xE000).contains(second) else { return "\u{FFFD}" }
        index = next
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    /// Four hexadecimal digits; nil, with the index unmoved, where they are not there.
    private static func unit(_ raw: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32? {
        guard index + 4 <= raw.count else { return nil }
        var value: UInt32 = 0
        for byte in raw[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        index += 4
        return value
    }
}
