/// A set of processors as the kernel writes it: `0-3,8` (cpuset(7), "List format").
public struct CPUList: Sendable, Hashable, CustomStringConvertible {
    /// Ascending, apart from each other, never empty.
    public let ranges: [ClosedRange<Int>]

    /// The largest CPU number taken: CONFIG_NR_CPUS is at most 8192.
    public static let highestCPU = 8191

    /// Parses `0-3,8`; overlapping and unordered parts are merged. Nil for an empty list, reversed ranges, strides,
    /// spaces, and numbers over ``highestCPU``.
    public init?(parsing text: some StringProtocol) {
        var parsed: [ClosedRange<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map {
                CPUList.cpu(String($0))
            }
            guard let first = ends.first, let low = first, let last = ends.last, let high = last, low <= high else {
                return nil
            }
            parsed.append(low...high)
        }
        guard !parsed.isEmpty else { return nil }
        ranges = CPUList.merged(parsed)
    }

    public func contains(_ cpu: Int) -> Bool { ranges.contains { $0.contains(cpu) } }

    /// How many processors it names.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }

    private static func cpu(_ text: String) -> Int? {
        guard let number = KernelText.number(text), number <= UInt64(highestCPU) else { return nil }
        return Int(number)
    }

    private static func merged(_ ranges: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
        var result: [ClosedRange<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound + 1 {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }
}
