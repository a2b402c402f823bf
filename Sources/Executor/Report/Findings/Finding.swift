/// One result of a scanner, reduced to what all scanners have in common.
public struct Finding: Sendable, Hashable {
    /// The scanners' many scales on one. What a scanner does not rate is `unknown`.
    public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
        case unknown, info, low, medium, high

        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

        private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }

        /// By the word that the scanner used: bandit's and SARIF's, semgrep's, cppcheck's, shellcheck's and gcc's.
        init(word: String) {
            switch word.lowercased() {
            case "high", "error", "critical", "fatal error": self = .high
            case "medium", "warning": self = .medium
            case "low", "style", "performance", "portability": self = .low
            case "info", "information", "note", "none", "inventory", "experiment": self = .info
            default: self = .unknown
            }
        }
    }

    /// Relative to the scanned tree. From a hostile tree: sanitize before printing.
    public var path: String
    /// From 1; nil where the finding concerns the file as a whole.
    public var line: Int?
    public var severity: Severity
    /// The scanner's name for the rule.
    public var rule: String
    public var message: String

    public init(path: String, line: Int?, severity: Severity, rule: String, message: String) {
        self.path = path
        self.line = line
        self.severity = severity
        self.rule = rule
        self.message = message
    }
}

/// The findings of one report, as many as are kept, and how many there were.
public struct Findings: Sendable, Equatable {
    /// The first ones, in the report's order.
    public var kept: [Finding]
    /// All of them.
    public var count: Int
    /// How many of each severity, of all.
    public var bySeverity: [Finding.Severity: Int]

    public init(kept: [Finding] = [], count: Int = 0, bySeverity: [Finding.Severity: Int] = [:]) {
        self.kept = kept
        self.count = count
        self.bySeverity = bySeverity
    }

    /// Keeps `finding` while fewer than `limit` are kept; counts it in any case.
    mutating func add(_ finding: Finding, keeping limit: Int) {
        count += 1
        bySeverity[finding.severity, default: 0] += 1
        if kept.count < limit { kept.append(finding) }
    }
}
