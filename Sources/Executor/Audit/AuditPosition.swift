/// A line of the audit: its number, and the SHA-256 of its bytes without the newline. Who knows a position knows every line up
/// to it, because each carries the hash of the one before.
public struct AuditPosition: Sendable, Hashable, CustomStringConvertible {
    /// Before the first line.
    public static let origin = AuditPosition(sequence: 0, hash: String(repeating: "0", count: 64))
    /// Above every real number, and far from an overflow.
    static let largestSequence: UInt64 = 1 << 62

    /// From 1; 0 is ``origin``.
    public var sequence: UInt64
    /// 64 lower-case hexadecimal digits.
    public var hash: String

    public init(sequence: UInt64, hash: String) {
        self.sequence = sequence
        self.hash = hash
    }

    /// `SEQUENCE:HASH`, as ``description`` has it; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = Self.sequence(Array(parts[0].utf8)[...]),
            Self.isHash(Array(parts[1].utf8)[...])
        else { return nil }
        self.init(sequence: sequence, hash: String(parts[1]))
    }

    public var description: String { "\(sequence):\(hash)" }

    /// Decimal digits and nothing else; nil from 2^62.
    static func sequence(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard (1...20).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, more) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            if over || more { return nil }
            value = sum
        }
        return value < largestSequence ? value : nil
    }

    static func isHash(_ text: ArraySlice<UInt8>) -> Bool {
        text.count == 64
            && text.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    static func padded(_ sequence: UInt64) -> String {
        let digits = String(sequence)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    }
}
