import SystemSupport

extension ExecutorConfiguration {
    /// Caps that do not fit each other: each type's within the cap for all, and their sum too. A type without a cap of its own
    /// counts for nothing in the sum: the cap for all still holds it.
    func noteCapsThatDoNotFit(_ problems: ProblemList) {
        for key in AggregateCaps.Key.allCases {
            guard let cap = caps.values.amount(key) else { continue }
            let types = scanners.sorted { $0.key < $1.key }.compactMap { name, scanner in
                scanner.caps.values.amount(key).map { (name: name, amount: $0, line: scanner.caps.lines[key]) }
            }
            var isEachWithin = true
            for type in types where type.amount.exceeds(cap) {
                isEachWithin = false
                problems.add(
                    "scanners.\(type.name).caps.\(key.rawValue)", type.line,
                    "\(type.amount) is over the cap for all scans together, caps.\(key.rawValue), which is \(cap)")
            }
            guard isEachWithin, let sum = LimitAmount.sum(types.map(\.amount)), sum.exceeds(cap) else { continue }
            let parts = types.map { "scanners.\($0.name).caps.\(key.rawValue) \($0.amount)" }
            problems.add(
                "caps.\(key.rawValue)", caps.lines[key],
                "the types' caps come to \(sum) together (\(parts.joined(separator: ", "))), over this cap for all scans, "
                    + "which is \(cap): raise it, or lower theirs")
        }
    }
}

extension LimitAmount {
    /// All of one kind. Nil for none; the greatest number there is where they add up to more.
    static func sum(_ amounts: [LimitAmount]) -> LimitAmount? {
        amounts.dropFirst().reduce(amounts.first) { sum, amount in
            switch (sum, amount) {
            case (.cores(let one)?, .cores(let other)):
                // A million cores is the most a count can have, each a thousand: no overflow.
                .cores(CPUCount(millicores: min(one.millicores + other.millicores, 1_000_000_000)) ?? one)
            case (.size(let one)?, .size(let other)):
                .size(ByteCount(saturated(one.bytes, other.bytes)) ?? one)
            case (.count(let one)?, .count(let other)): .count(Int(saturated(Int64(one), Int64(other))))
            default: sum
            }
        }
    }

    private static func saturated(_ one: Int64, _ other: Int64) -> Int64 {
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
