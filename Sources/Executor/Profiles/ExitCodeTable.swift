import SystemSupport

/// What a scanner's exit codes mean. A code that no list names is a failure of the scanner that may pass: `transient`.
public struct ExitCodeTable: Sendable, Hashable {
    /// The meaning of one code.
    public enum Meaning: String, Sendable, Hashable, CaseIterable {
        /// Scanned everything, found nothing.
        case clean
        /// Scanned everything, found something.
        case findings
        /// Failed, and may succeed when tried again.
        case transient
        /// Failed, and will fail again until somebody changes something.
        case critical
    }

    private var meanings: [Int32: Meaning]

    /// `codes` that stand under two meanings keep the last.
    public init(_ codes: [Meaning: [Int32]]) {
        meanings = [:]
        for meaning in Meaning.allCases {
            for code in codes[meaning] ?? [] { meanings[code] = meaning }
        }
    }

    /// 0 is clean; everything else is a failure. For commands without a profile.
    public static let zeroIsClean = ExitCodeTable([.clean: [0]])

    /// The meaning of `code`; nil where no list names it, which counts as `transient`.
    public subscript(code: Int32) -> Meaning? { meanings[code] }

    /// The codes of one meaning, ascending.
    public func codes(_ meaning: Meaning) -> [Int32] {
        meanings.filter { $0.value == meaning }.map(\.key).sorted()
    }

    /// Reads `exit_codes: {clean: [0], findings: [1], critical: [4-8]}`.
    init?(_ reader: MappingReader) {
        var seen: [Int32: Meaning] = [:]
        for meaning in Meaning.allCases {
            for (text, line) in reader.texts(meaning.rawValue) ?? [] {
                guard
                    let codes = reader.convert(
                        meaning.rawValue, line: line, { () throws(ValueProblem) in try ExitCodeTable.range(text) })
                else { continue }
                for code in codes {
                    if let other = seen[code] {
                        reader.note(meaning.rawValue, "\(code) is already listed under \(other.rawValue)", line: line)
                    }
                    seen[code] = meaning
                }
            }
        }
        if !seen.values.contains(.clean) {
            reader.note(Meaning.clean.rawValue, "no exit code means clean; write for example clean: [0]")
        }
        meanings = seen
    }

    private static func range(_ text: String) throws(ValueProblem) -> ClosedRange<Int32> {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = ends.compactMap { DecimalText.scaled($0, by: 1) }.filter { $0 <= 255 }
        guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last, first <= last else {
            throw ValueProblem(
                "\(ValueProblem.quoted(text)) is not an exit code: write 0 to 255, or a range such as 2-5")
        }
        return Int32(first)...Int32(last)
    }
}
