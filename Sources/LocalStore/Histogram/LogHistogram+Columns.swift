import Glibc

extension LogHistogram {
    /// How many values lie in each of `count` columns from least to most, by the logarithm.
    public func columns(_ count: Int) -> [Int64] {
        var columns = [Int64](repeating: 0, count: count)
        guard let least, let most, count > 0 else { return columns }
        let (low, high) = (log(Double(least) + 1), log(Double(most) + 1))
        for bucket in buckets {
            let range = LogHistogram.range(of: bucket.index)
            let middle = min(max(range.lowerBound, least), most)
            let place = high > low ? (log(Double(middle) + 1) - low) / (high - low) : 0
            columns[min(count - 1, max(0, Int(place * Double(count))))] += bucket.count
        }
        return columns
    }
}
