/// The spans of time that the index keeps sums for: all time, blocks of 16 days, days. A year is then 22 blocks and at most 30
/// days at its ends, instead of 365 days.
enum Period {
    static let allTime: Int64 = 0
    /// 9999-12-31: no run has a later time.
    static let lastDay: Int64 = 2_932_896
    private static let block: Int64 = 16

    /// The number of a day, counted from 1970-01-01: from 1 up.
    static func day(_ day: Int64) -> Int64 { day + 1 }

    /// All periods that a run of this day counts for; nil: a run without a time.
    static func all(ofDay day: Int64?) -> [Int64] {
        guard let day else { return [allTime] }
        return [allTime, self.day(day), -(day / block + 1)]
    }

    /// The fewest periods that make up these days; all time where neither end is given.
    static func covering(from first: Int64?, to last: Int64?) -> [ClosedRange<Int64>] {
        if first == nil && last == nil { return [allTime...allTime] }
        let first = min(max(0, first ?? 0), lastDay)
        let last = min(max(0, last ?? lastDay), lastDay)
        if first > last { return [] }
        let (firstBlock, endBlock) = ((first + block - 1) / block, (last + 1) / block)
        if firstBlock >= endBlock { return [day(first)...day(last)] }
        var ranges = [-endBlock ... -(firstBlock + 1)]
        if first < firstBlock * block { ranges.append(day(first)...day(firstBlock * block - 1)) }
        if endBlock * block <= last { ranges.append(day(endBlock * block)...day(last)) }
        return ranges
    }

    /// A condition on the column `period`.
    static func condition(_ ranges: [ClosedRange<Int64>]) -> String {
        if ranges.isEmpty { return "0" }
        return "(" + ranges.map { "period BETWEEN \($0.lowerBound) AND \($0.upperBound)" }.joined(separator: " OR ")
            + ")"
    }
}
