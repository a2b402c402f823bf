/// The identifier of an audit record: a ULID, 26 characters of Crockford's base 32 (0-9, A-Z without I, L, O, U).
public enum ULIDText {
    /// The time in the first ten characters, in milliseconds since 1970; nil where the text is no ULID.
    static func milliseconds(_ text: String) -> Int64? {
        guard text.utf8.count == 26 else { return nil }
        var value: UInt64 = 0
        for byte in text.utf8.prefix(10) {
            guard let digit = digit(byte) else { return nil }
            value = value << 5 | digit
        }
        return Int64(value & 0xFFFF_FFFF_FFFF)
    }

    /// The text in upper case, where it can be the beginning of a ULID.
    public static func prefix(_ text: String) -> String? {
        let upper = text.uppercased()
        if upper.isEmpty || upper.utf8.count > 26 { return nil }
        return upper.utf8.allSatisfy { digit($0) != nil } ? upper : nil
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "A")...UInt8(ascii: "H"): UInt64(byte - UInt8(ascii: "A") + 10)
        case UInt8(ascii: "J"), UInt8(ascii: "K"): UInt64(byte - UInt8(ascii: "J") + 18)
        case UInt8(ascii: "M"), UInt8(ascii: "N"): UInt64(byte - UInt8(ascii: "M") + 20)
        case UInt8(ascii: "P")...UInt8(ascii: "T"): UInt64(byte - UInt8(ascii: "P") + 22)
        case UInt8(ascii: "V")...UInt8(ascii: "Z"): UInt64(byte - UInt8(ascii: "V") + 27)
        default: nil
        }
    }
}
