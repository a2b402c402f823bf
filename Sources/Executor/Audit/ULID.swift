import Glibc
import SystemSupport

/// A name for one run that no other ever has: 48 bits of time in milliseconds and 80 random ones, as 26 digits of Crockford's
/// base 32, which sort by time (github.com/ulid/spec).
enum ULID {
    static let length = 26
    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    static func make(at time: Timestamp = .now) -> String {
        // getrandom(2), as the standard library has it.
        var generator = SystemRandomNumberGenerator()
        return text(milliseconds: time.milliseconds, generator.next(), generator.next())
    }

    /// `high` gives 16 random bits, `low` 64.
    static func text(milliseconds: Int64, _ high: UInt64, _ low: UInt64) -> String {
        let time = UInt64(clamping: milliseconds) & (1 << 48 - 1)
        let value = UInt128(time) << 80 | UInt128(high & 0xffff) << 64 | UInt128(low)
        let text = (0..<length).reversed().map { digits[Int(truncatingIfNeeded: value >> UInt128($0 * 5)) & 31] }
        return String(decoding: text, as: UTF8.self)
    }

    static func isDigit(_ byte: UInt8) -> Bool { digits.contains(byte) }
}
