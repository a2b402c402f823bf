extension Duration {
    /// Parses `250ms`, `30s`, `10m`, `2h`, with an optional fraction (`1.5s`). A bare number has no unit and is refused.
    public init?(parsing text: String) {
        let units: [(suffix: String, milliseconds: Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
            let milliseconds = DecimalText.scaled(text.dropLast(unit.suffix.count), by: unit.milliseconds)
        else { return nil }
        self = .milliseconds(milliseconds)
    }

    /// Whole milliseconds, rounded down; Int64.max or Int64.min where they do not fit.
    public var wholeMilliseconds: Int64 { scaled(perSecond: 1000, attosecondsPerUnit: 1_000_000_000_000_000) }

    /// Whole microseconds, rounded down; Int64.max or Int64.min where they do not fit.
    public var wholeMicroseconds: Int64 { scaled(perSecond: 1_000_000, attosecondsPerUnit: 1_000_000_000_000) }

    /// For people, in whole milliseconds: `250ms`, `90s`, `1.5s`. ``init(parsing:)`` takes it back.
    public var shortText: String {
        let milliseconds = wholeMilliseconds
        if milliseconds.magnitude < 1000 { return "\(milliseconds)ms" }
        // Appended to a string that stays within itself: a verdict has a dozen of these.
        var text = String(milliseconds / 1000)
        let fraction = (milliseconds % 1000).magnitude
        if fraction != 0 {
            text += fraction < 10 ? ".00" : fraction < 100 ? ".0" : "."
            text += String(fraction % 100 == 0 ? fraction / 100 : fraction % 10 == 0 ? fraction / 10 : fraction)
        }
        text += "s"
        return text
    }

    private func scaled(perSecond: Int64, attosecondsPerUnit: Int64) -> Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: perSecond)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = whole.addingReportingOverflow(attoseconds / attosecondsPerUnit)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
