/// An amount of processor: thousandths of one core. `1.5` cores are 1500.
public struct CPUCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let millicores: Int64

    /// Nil for zero, negative, or more than a million cores.
    public init?(millicores: Int64) {
        if millicores < 1 || millicores > 1_000_000_000 { return nil }
        self.millicores = millicores
    }

    /// Parses a count of cores with up to three decimals: `2`, `0.5`, `1.25`.
    public init?(parsing text: String) {
        guard let scaled = DecimalText.scaled(text, by: 1000) else { return nil }
        self.init(millicores: scaled)
    }

    public var cores: Double { Double(millicores) / 1000 }

    public static func < (left: CPUCount, right: CPUCount) -> Bool { left.millicores < right.millicores }

    public var description: String {
        if millicores % 1000 == 0 { return "\(millicores / 1000)" }
        var digits = String(millicores % 1000 + 1000).dropFirst()
        while digits.hasSuffix("0") { digits = digits.dropLast() }
        return "\(millicores / 1000).\(digits)"
    }
}
