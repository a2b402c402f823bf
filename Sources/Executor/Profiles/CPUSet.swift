import SystemSupport

/// Numbers of processors, as `cpuset.cpus` takes them: `0-3,8`.
public struct CPUSet: Sendable, Hashable, CustomStringConvertible {
    /// Ascending, apart from each other, never empty.
    public let ranges: [ClosedRange<Int>]

    /// The greatest processor number that x86-64 kernels are built for (CONFIG_NR_CPUS) less one.
    public static let greatestNumber = 8191

    /// Nil where the text is not a list of numbers and ascending ranges.
    public init?(parsing text: String) {
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = ends.compactMap { DecimalText.scaled($0, by: 1) }.filter { $0 <= CPUSet.greatestNumber }
            guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last, first <= last else {
                return nil
            }
            ranges.append(Int(first)...Int(last))
        }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        var merged: [ClosedRange<Int>] = []
        for range in ranges {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// As the kernel writes it.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
