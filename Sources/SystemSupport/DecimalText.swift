/// Decimal numbers as people write them in configuration: digits, and at most one fraction.
public enum DecimalText {
    /// `text` times `factor`, exactly, or nil where the text is no plain decimal (no sign, no exponent, no spaces), the
    /// result is not whole, or it does not fit.
    public static func scaled(_ text: some StringProtocol, by factor: Int64) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, isDigits(whole), let units = Int64(whole) else { return nil }
        let (scaledWhole, overflow) = units.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        if parts.count == 1 { return scaledWhole }
        let fraction = parts[1]
        guard isDigits(fraction), fraction.count <= 6, let digits = Int64(fraction) else { return nil }
        let power = (0..<fraction.count).reduce(Int64(1)) { total, _ in total * 10 }
        let (product, productOverflow) = digits.multipliedReportingOverflow(by: factor)
        if productOverflow || product % power != 0 { return nil }
        let (sum, sumOverflow) = scaledWhole.addingReportingOverflow(product / power)
        return sumOverflow ? nil : sum
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= 19
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
