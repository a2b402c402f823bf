/// How often which value was seen, in buckets whose width grows with the value: the layout of HdrHistogram, with 128 buckets for each
/// doubling. Values below 256 have a bucket each; above, a bucket is at most 1/128 of its values wide, so that its middle is never
/// more than 0.4 % away from any of them. Count, least and greatest value are exact.
public struct LogHistogram: Sendable, Equatable {
    struct Bucket: Sendable, Equatable {
        var index: Int
        var count: Int64
    }

    /// In the order of their index, none empty.
    private(set) var buckets: [Bucket] = []
    public private(set) var count: Int64 = 0
    /// Nil while it is empty.
    public private(set) var least: Int64?
    public private(set) var most: Int64?

    public init() {}

    /// From buckets in order, none empty.
    init(_ buckets: [Bucket], count: Int64, least: Int64, most: Int64) {
        (self.buckets, self.count, self.least, self.most) = (buckets, count, least, most)
    }

    /// The bucket of a value that is not negative.
    static func index(of value: Int64) -> Int {
        if value < 128 { return Int(max(0, value)) }
        let exponent = 63 - value.leadingZeroBitCount
        return (exponent - 7) << 7 + Int(value >> Int64(exponent - 7))
    }

    /// The values of a bucket.
    static func range(of index: Int) -> ClosedRange<Int64> {
        if index < 256 { return Int64(index)...Int64(index) }
        let shift = Int64(index >> 7 - 1)
        let lower = Int64(index & 127 + 128) << shift
        return lower...(lower + (Int64(1) << shift - 1))
    }

    /// One more than the greatest index: that of 2^63-1.
    static let bucketCount = index(of: .max) + 1

    /// Adds values in any order; none may be negative.
    public mutating func add(_ values: [Int64]) {
        guard let first = values.first else { return }
        var (low, high) = (first, first)
        var indices: [UInt16] = []
        indices.reserveCapacity(values.count)
        for value in values {
            low = min(low, value)
            high = max(high, value)
            indices.append(UInt16(LogHistogram.index(of: value)))
        }
        indices.sort()
        var added = LogHistogram()
        for index in indices {
            if let last = added.buckets.indices.last, added.buckets[last].index == Int(index) {
                added.buckets[last].count += 1
            } else {
                added.buckets.append(Bucket(index: Int(index), count: 1))
            }
        }
        (added.count, added.least, added.most) = (Int64(values.count), low, high)
        merge(added)
    }

    public mutating func merge(_ other: LogHistogram) {
        if other.count == 0 { return }
        if count == 0 {
            self = other
            return
        }
        var merged: [Bucket] = []
        merged.reserveCapacity(buckets.count + other.buckets.count)
        var (mine, theirs) = (buckets[...], other.buckets[...])
        while let left = mine.first, let right = theirs.first {
            if left.index < right.index {
                merged.append(mine.removeFirst())
            } else if right.index < left.index {
                merged.append(theirs.removeFirst())
            } else {
                merged.append(Bucket(index: left.index, count: left.count + right.count))
                mine.removeFirst()
                theirs.removeFirst()
            }
        }
        buckets = merged + mine + theirs
        count += other.count
        least = [least, other.least].compactMap(\.self).min()
        most = [most, other.most].compactMap(\.self).max()
    }

    /// The value that `fraction` of the values do not exceed, by the nearest rank: the middle of its bucket, within least and most.
    /// Nil while it is empty.
    public func quantile(_ fraction: Double) -> Int64? {
        bucket(at: fraction).map { range in clamped(range.lowerBound + (range.upperBound - range.lowerBound) / 2) }
    }

    /// As ``quantile(_:)``, rounded up to the end of the bucket: never below the exact value, and less than 0.8 % above it.
    public func quantileCeiling(_ fraction: Double) -> Int64? {
        bucket(at: fraction).map { clamped($0.upperBound) }
    }

    private func bucket(at fraction: Double) -> ClosedRange<Int64>? {
        guard count > 0, let most else { return nil }
        // The tenth decimal: 0.99 x 100 is 99.00000000000001 for a Double, and no rank 100.
        let rank = max(1, Int64((fraction * Double(count) - 1e-9 * Double(count)).rounded(.up)))
        if rank >= count { return most...most }
        var below: Int64 = 0
        for bucket in buckets {
            below += bucket.count
            if below >= rank { return LogHistogram.range(of: bucket.index) }
        }
        return most...most
    }

    private func clamped(_ value: Int64) -> Int64 { min(max(value, least ?? value), most ?? value) }
}

extension LogHistogram {
    /// Index differences and counts as variable-length numbers of seven bits a byte (LEB128).
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(buckets.count * 3)
        func append(_ number: UInt64) {
            var number = number
            while number > 127 {
                bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
                number >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: number))
        }
        var previous = 0
        for bucket in buckets {
            append(UInt64(bucket.index - previous))
            append(UInt64(bucket.count))
            previous = bucket.index
        }
        return bytes
    }

    /// Goes through the buckets of an encoded histogram.
    struct Decoder {
        private let bytes: UnsafeRawBufferPointer
        private var offset = 0
        private var index = -1

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        /// True once everything was read and made sense.
        var isWhole: Bool { offset == bytes.count }

        /// Nil at the end, and before what is no bucket.
        mutating func next() -> Bucket? {
            let start = offset
            guard offset < bytes.count, let step = number(), let size = number(), step < UInt64(bucketCount), size > 0,
                size < 1 << 50, case let next = max(0, index) + Int(step), next > index, next < bucketCount
            else {
                offset = min(start, bytes.count)
                return nil
            }
            index = next
            return Bucket(index: next, count: Int64(size))
        }

        private mutating func number() -> UInt64? {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while offset < bytes.count, shift < 63 {
                let byte = bytes[offset]
                offset += 1
                value |= UInt64(byte & 127) << shift
                if byte < 128 { return value }
                shift += 7
            }
            return nil
        }
    }
}
