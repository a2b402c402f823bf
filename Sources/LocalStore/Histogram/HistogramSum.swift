/// Adds up many encoded histograms, with a place for every bucket there is: no list is merged, and nothing allocated for each.
struct HistogramSum {
    private var counts = [Int64](repeating: 0, count: LogHistogram.bucketCount)
    private var used: ClosedRange<Int>?
    private var count: Int64 = 0
    private var least: Int64?
    private var most: Int64?

    /// False for what `LogHistogram.encoded` did not make.
    mutating func add(_ bytes: UnsafeRawBufferPointer, least: Int64, most: Int64) -> Bool {
        if bytes.isEmpty { return true }
        if least < 0 || most < least { return false }
        var cursor = LogHistogram.Decoder(bytes)
        var first: Int?
        var last = 0
        var added: Int64 = 0
        while let bucket = cursor.next() {
            first = first ?? bucket.index
            last = bucket.index
            counts[bucket.index] &+= bucket.count
            added &+= bucket.count
        }
        guard let first, cursor.isWhole else { return false }
        used = min(used?.lowerBound ?? first, first)...max(used?.upperBound ?? last, last)
        count += added
        self.least = min(self.least ?? least, least)
        self.most = max(self.most ?? most, most)
        return true
    }

    /// The sum so far; it begins again at nothing.
    mutating func take() -> LogHistogram {
        guard let used, let least, let most else { return LogHistogram() }
        var buckets: [LogHistogram.Bucket] = []
        for index in used where counts[index] != 0 {
            buckets.append(LogHistogram.Bucket(index: index, count: counts[index]))
            counts[index] = 0
        }
        let sum = LogHistogram(buckets, count: count, least: least, most: most)
        (self.used, count, self.least, self.most) = (nil, 0, nil, nil)
        return sum
    }
}
