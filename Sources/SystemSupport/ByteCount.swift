/// A size in bytes, 0 to 2^63-1.
public struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let bytes: Int64

    /// Nil for a negative number.
    public init?(_ bytes: Int64) {
        if bytes < 0 { return nil }
        self.bytes = bytes
    }

    private init(unchecked bytes: Int64) { self.bytes = bytes }

    public static func bytes(_ count: UInt32) -> ByteCount { ByteCount(unchecked: Int64(count)) }
    public static func kibibytes(_ count: UInt32) -> ByteCount { ByteCount(unchecked: Int64(count) << 10) }
    public static func mebibytes(_ count: UInt32) -> ByteCount { ByteCount(unchecked: Int64(count) << 20) }

    /// Parses `512MiB`, `2GiB`, `64KiB`, `1TiB`, `4096B`, with an optional fraction (`1.5GiB`). A bare number has no
    /// unit and is refused, as are `MB` and `M`: they mean two different sizes to two readers.
    public init?(parsing text: String) {
        let units: [(suffix: String, shift: Int64)] = [
            ("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0),
        ]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        guard let scaled = DecimalText.scaled(text.dropLast(unit.suffix.count), by: Int64(1) << unit.shift) else {
            return nil
        }
        self.init(scaled)
    }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

    /// The exact size in the largest unit that divides it: `512MiB`, `1536MiB`, `1000B`.
    public var description: String {
        for (suffix, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, Int64)]
        where bytes != 0 && bytes & ((Int64(1) << shift) - 1) == 0 {
            return "\(bytes >> shift)\(suffix)"
        }
        return "\(bytes)B"
    }
}
