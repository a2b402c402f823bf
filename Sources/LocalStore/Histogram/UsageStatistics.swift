/// How much of a limit is how much of it, in ten-thousandths: 8000 is 80 %.
enum LimitShare {
    static let whole: Int64 = 10_000
    static let near: Int64 = 8000
    static let close: Int64 = 9500
    /// A hundred times the limit. More says nothing more.
    static let most: Int64 = 1_000_000

    /// Rounded down; nil where there is no limit.
    static func of(_ used: Int64, limit: Int64?) -> Int64? {
        guard let limit, limit > 0 else { return nil }
        if used < .max / whole { return min(most, used * whole / limit) }
        return min(most, Int64(clamping: UInt128(used) * UInt128(whole) / UInt128(limit)))
    }
}

/// One metric of one scanner over some time, and how near it came to the limits in force.
public struct UsageStatistics: Sendable, Equatable {
    /// Of the runs in which it was reported.
    public var values = LogHistogram()
    /// Used / limit of each run that had a limit, in ten-thousandths: of the limit in force at that run, not of today's.
    public var shares = LogHistogram()
    /// Runs that used at least 80 % of their limit, and at least 95 %. Exact.
    public var over80: Int64 = 0
    public var over95: Int64 = 0
    /// The limit in force at the newest of the runs; nil where it had none.
    public var limit: Int64?
    /// That run's place in the audit.
    var limitNumber: Int64 = 0

    public init() {}

    mutating func merge(_ other: UsageStatistics) {
        values.merge(other.values)
        shares.merge(other.shares)
        over80 += other.over80
        over95 += other.over95
        note(limit: other.limit, at: other.limitNumber)
    }

    /// The newest run's limit is the one in force.
    mutating func note(limit: Int64?, at number: Int64) {
        if number > limitNumber { (self.limit, limitNumber) = (limit, number) }
    }
}
