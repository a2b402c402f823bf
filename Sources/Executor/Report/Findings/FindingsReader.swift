/// A report that cannot be read as what it is said to be. The run's verdict does not depend on it.
public struct FindingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence, without a full stop.
    public var message: String
    /// Where in the report, in bytes from its start.
    public var offset: Int?

    public init(_ message: String, offset: Int? = nil) {
        self.message = message
        self.offset = offset
    }

    public var description: String { offset.map { "\(message), at byte \($0)" } ?? message }
}

/// Reads the findings out of a scanner's report. The report is hostile: whoever wrote the scanned tree may have written it too.
///
/// Memory grows with what is kept, not with the report; nothing recurses into the report's nesting; time is linear.
public struct FindingsReader: Sendable {
    /// The longest report that is read.
    public static let maximumBytes = 64 << 20
    /// The longest texts that are kept, in bytes; the rest of each is cut off.
    static let (longestPath, longestRule, longestMessage) = (1024, 256, 512)

    public let format: FindingsFormat
    /// How many findings are kept; all are counted.
    public let limit: Int
    /// The scanned tree as the scanner saw it. Paths come out relative to it.
    public let target: String

    public init(format: FindingsFormat, keeping limit: Int = 1000, target: String = SandboxPath.target) {
        self.format = format
        self.limit = limit
        self.target = target
    }

    public func read(_ bytes: [UInt8]) throws(FindingsError) -> Findings {
        if bytes.count > FindingsReader.maximumBytes {
            throw FindingsError(
                "the report has \(bytes.count) bytes, more than the \(FindingsReader.maximumBytes) that are read")
        }
        var findings = Findings()
        switch format {
        case .banditJSON: try readBandit(bytes, into: &findings)
        case .semgrepJSON: try readSemgrep(bytes, into: &findings)
        case .shellcheckJSON1: try readShellcheck(bytes, into: &findings)
        case .sarif: try readSARIF(bytes, into: &findings)
        case .cppcheckXML: try readCppcheck(bytes, into: &findings)
        case .flawfinderCSV: try readFlawfinder(bytes, into: &findings)
        case .gccText: readGCC(bytes, into: &findings)
        }
        return findings
    }

    func add(_ finding: PartialFinding, to findings: inout Findings) {
        findings.add(finding.finished(below: target), keeping: limit)
    }
}

/// A finding while its parts come in.
struct PartialFinding {
    var path = ""
    var line: Int?
    var severity = ""
    var rule = ""
    var message = ""

    func finished(below target: String) -> Finding {
        var relative = path[...]
        if relative.hasPrefix("file://") { relative = relative.dropFirst("file://".count) }
        if relative.hasPrefix(target + "/") {
            relative = relative.dropFirst(target.count + 1)
        } else if relative.hasPrefix("./") {
            relative = relative.dropFirst(2)
        }
        return Finding(
            path: String(relative), line: line.flatMap { $0 > 0 ? $0 : nil },
            severity: Finding.Severity(word: severity),
            rule: rule, message: message)
    }
}

/// Decodes at most `limit` bytes as UTF-8 with replacement.
func boundedText(_ bytes: some Collection<UInt8>, _ limit: Int) -> String {
    var text = String(decoding: bytes.prefix(limit), as: UTF8.self)
    // A character cut in half by the bound is no replacement character of the report's.
    if bytes.count > limit && text.unicodeScalars.last == "\u{FFFD}" { text.unicodeScalars.removeLast() }
    return text
}
