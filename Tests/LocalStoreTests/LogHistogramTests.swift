import Testing

@testable import LocalStore

@Suite struct LogHistogramTests {
    @Test func bucketsFollowEachOtherWithoutGapOrOverlap() {
        var next: Int64 = 0
        for index in 0..<LogHistogram.bucketCount {
            let range = LogHistogram.range(of: index)
            #expect(range.lowerBound == next)
            #expect(LogHistogram.index(of: range.lowerBound) == index)
            #expect(LogHistogram.index(of: range.upperBound) == index)
            next = range.upperBound &+ 1
        }
        #expect(next == .min, "the last bucket ends at 2^63-1")
    }

    /// Against the sorted values, over distributions that usage has and some that it has not.
    @Test(arguments: 1...40)
    func percentilesAreWithinTheStatedError(_ seed: UInt64) throws {
        var numbers = Numbers(state: seed)
        let count = [1, 2, 7, 100, 1001, 5000][Int(seed % 6)]
        let bits = Int64(1) << Int64.random(in: 1...62, using: &numbers)
        let values = (0..<count).map { _ in
            Int64.random(in: 0..<bits, using: &numbers) >> Int64.random(in: 0..<20, using: &numbers)
        }
        var histogram = LogHistogram()
        for part in stride(from: 0, to: count, by: 97) { histogram.add(Array(values[part..<min(count, part + 97)])) }
        let sorted = values.sorted()
        #expect(histogram.count == Int64(count) && histogram.least == sorted.first && histogram.most == sorted.last)
        for percent in [0, 1, 50, 90, 95, 99, 99.9, 100] {
            let rank = max(1, Int((percent * Double(count) / 100 - 1e-9 * Double(count)).rounded(.up)))
            let exact = sorted[rank - 1]
            let found = try #require(histogram.quantile(percent / 100))
            #expect(abs(Double(found) - Double(exact)) <= 0.004 * Double(exact), "p\(percent)")
            let ceiling = try #require(histogram.quantileCeiling(percent / 100))
            #expect(ceiling >= exact && Double(ceiling) <= Double(exact) * 1.008)
        }
    }

    @Test func countsBelow256AreExact() {
        var histogram = LogHistogram()
        histogram.add(Array(0...255))
        for rank in 1...256 { #expect(histogram.quantile(Double(rank) / 256) == Int64(rank - 1)) }
    }

    @Test func encodingAndAddingUpKeepEverything() throws {
        var numbers = Numbers(state: 5)
        var (whole, sum) = (LogHistogram(), HistogramSum())
        for _ in 0..<30 {
            let values = (0..<50).map { _ in
                Int64.random(in: 0...Int64.max, using: &numbers) >> Int64.random(in: 0..<60, using: &numbers)
            }
            var part = LogHistogram()
            part.add(values)
            whole.add(values)
            let isWhole = part.encoded.withUnsafeBytes { sum.add($0, least: part.least ?? 0, most: part.most ?? 0) }
            #expect(isWhole)
        }
        #expect(sum.take() == whole)
        #expect(sum.take() == LogHistogram(), "it begins again")
    }

    @Test(arguments: [[0x80], [0xFF, 0xFF, 0xFF], [1], [1, 0], [0x80, 0x80, 0x7F, 1], [5, 1, 0, 1]] as [[UInt8]])
    func brokenEncodingsAreRefused(_ bytes: [UInt8]) {
        var sum = HistogramSum()
        #expect(!bytes.withUnsafeBytes { sum.add($0, least: 0, most: 9) })
    }

    @Test func sharesOfALimitAreBounded() {
        #expect(LimitShare.of(5, limit: nil) == nil && LimitShare.of(5, limit: 0) == nil)
        #expect(LimitShare.of(1, limit: 3) == 3333 && LimitShare.of(.max, limit: .max) == 10_000)
        #expect(LimitShare.of(.max, limit: 1) == LimitShare.most && LimitShare.of(0, limit: 9) == 0)
    }

    @Test func periodsCoverTheirDaysOnce() {
        for (first, last) in [(0, 0), (3, 15), (0, 15), (1, 16), (5, 40), (16, 31), (15, 64), (31, 1000)]
            as [(Int64, Int64)]
        {
            var days: [Int64] = []
            for range in Period.covering(from: first, to: last) {
                for period in range {
                    days += period > 0 ? [period - 1] : Array((-period - 1) * 16..<(-period) * 16)
                }
            }
            #expect(days.sorted() == Array(first...last), "\(first) to \(last)")
        }
        #expect(Period.covering(from: 9, to: 3).isEmpty)
        #expect(Period.covering(from: nil, to: .max).count <= 3)
    }
}
