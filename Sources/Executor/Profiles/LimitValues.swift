import SystemSupport

/// Reads the values of limits, from profiles and command lines alike, with one sentence for whatever is wrong.
enum LimitValues {
    static func bytes(_ text: String, _ range: ClosedRange<ByteCount>) throws(ValueProblem) -> ByteCount {
        guard let size = ByteCount(parsing: text) else {
            throw ValueProblem(
                "\(ValueProblem.quoted(text)) is not a size: write a number with B, KiB, MiB, GiB or TiB, such as 512MiB, below 2^63 bytes"
            )
        }
        return try within(size, range)
    }

    static func cores(_ text: String) throws(ValueProblem) -> CPUCount {
        guard let cores = CPUCount(parsing: text) else {
            throw ValueProblem(
                "\(ValueProblem.quoted(text)) is not a number of cores: write 2, or 1.5, or 0.25, above zero, without a unit"
            )
        }
        // cpu.max takes no quota below 1 ms, and its period is 100 ms (Documentation/admin-guide/cgroup-v2.rst).
        if cores.millicores < 10 { throw ValueProblem("\(text) cores is below 0.01, the least the kernel can enforce") }
        return cores
    }

    static func duration(_ text: String, _ range: ClosedRange<Duration>, _ bounds: String) throws(ValueProblem)
        -> Duration
    {
        guard let duration = Duration(parsing: text) else {
            throw ValueProblem(
                "\(ValueProblem.quoted(text)) is not a duration: write a number with ms, s, m or h, such as 30s")
        }
        if !range.contains(duration) { throw ValueProblem("\(text) is outside \(bounds)") }
        return duration
    }

    static func flag(_ text: String) throws(ValueProblem) -> Bool {
        switch text {
        case "true": true
        case "false": false
        default: throw ValueProblem("\(ValueProblem.quoted(text)) is neither true nor false")
        }
    }

    static func count(_ text: String, _ range: ClosedRange<Int>) throws(ValueProblem) -> Int {
        guard let scaled = DecimalText.scaled(text, by: 1) else {
            throw ValueProblem(
                "\(ValueProblem.quoted(text)) is not a count: write a whole number, such as 128, without a unit")
        }
        let count = Int(scaled)
        if !range.contains(count) {
            throw ValueProblem("\(count) is outside \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    /// `50MiB/s`.
    static func byteRate(_ text: String) throws(ValueProblem) -> ByteCount {
        guard text.hasSuffix("/s"), let size = ByteCount(parsing: String(text.dropLast(2))), size.bytes > 0 else {
            throw ValueProblem(
                "\(ValueProblem.quoted(text)) is not a rate: write a size a second above zero, such as 50MiB/s")
        }
        return size
    }

    /// `500/s`.
    static func operationRate(_ text: String) throws(ValueProblem) -> Int {
        guard text.hasSuffix("/s"), let count = DecimalText.scaled(text.dropLast(2), by: 1), count > 0 else {
            throw ValueProblem(
                "\(ValueProblem.quoted(text)) is not a rate: write operations a second above zero, such as 500/s")
        }
        return Int(count)
    }

    private static func within(_ size: ByteCount, _ range: ClosedRange<ByteCount>) throws(ValueProblem) -> ByteCount {
        if size < range.lowerBound {
            throw ValueProblem("\(size) is below the least useful value, \(range.lowerBound)")
        }
        if size > range.upperBound {
            throw ValueProblem("\(size) is above the greatest possible value, \(range.upperBound)")
        }
        return size
    }
}
