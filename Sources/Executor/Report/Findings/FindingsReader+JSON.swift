/// The formats that are JSON. Members that are not needed are skipped, so that a scanner may add some.
extension FindingsReader {
    /// The names are bandit's: `results: [{filename, line_number, issue_severity, test_id, issue_text}]`.
    func readBandit(_ bytes: [UInt8], into findings: inout Findings) throws(FindingsError) {
        try readResults(bytes, in: "results", into: &findings) { (cursor, key, finding) throws(FindingsError) in
            switch key {
            case "filename": finding.path = try cursor.string(limit: Self.longestPath) ?? ""
            case "line_number": finding.line = try cursor.integer()
            case "issue_severity": finding.severity = try cursor.string(limit: 32) ?? ""
            case "test_id": finding.rule = try cursor.string(limit: Self.longestRule) ?? ""
            case "issue_text": finding.message = try cursor.string(limit: Self.longestMessage) ?? ""
            default: try cursor.skip()
            }
        }
    }

    /// `results: [{check_id, path, start: {line}, extra: {message, severity}}]`.
    func readSemgrep(_ bytes: [UInt8], into findings: inout Findings) throws(FindingsError) {
        try readResults(bytes, in: "results", into: &findings) { (cursor, key, finding) throws(FindingsError) in
            switch key {
            case "check_id": finding.rule = try cursor.string(limit: Self.longestRule) ?? ""
            case "path": finding.path = try cursor.string(limit: Self.longestPath) ?? ""
            case "start":
                try cursor.object { (cursor, key) throws(FindingsError) in
                    if key == "line" { finding.line = try cursor.integer() } else { try cursor.skip() }
                }
            case "extra":
                try cursor.object { (cursor, key) throws(FindingsError) in
                    switch key {
                    case "message": finding.message = try cursor.string(limit: Self.longestMessage) ?? ""
                    case "severity": finding.severity = try cursor.string(limit: 32) ?? ""
                    default: try cursor.skip()
                    }
                }
            default: try cursor.skip()
            }
        }
    }

    /// `comments: [{file, line, level, code, message}]`, once for each time that shellcheck was started.
    func readShellcheck(_ bytes: [UInt8], into findings: inout Findings) throws(FindingsError) {
        try readResults(bytes, in: "comments", mayRepeat: true, into: &findings) {
            (cursor, key, finding) throws(FindingsError) in
            switch key {
            case "file": finding.path = try cursor.string(limit: Self.longestPath) ?? ""
            case "line": finding.line = try cursor.integer()
            case "level": finding.severity = try cursor.string(limit: 32) ?? ""
            case "code": finding.rule = try cursor.integer().map { "SC\($0)" } ?? ""
            case "message": finding.message = try cursor.string(limit: Self.longestMessage) ?? ""
            default: try cursor.skip()
            }
        }
    }

    /// `runs: [{results: [{ruleId, level, message: {text}, locations: [...]}]}]` (SARIF 2.1.0, 3.27). Of several locations the
    /// first counts; a result without a level is a warning (3.27.10).
    func readSARIF(_ bytes: [UInt8], into findings: inout Findings) throws(FindingsError) {
        var cursor = JSONCursor(bytes)
        var hasRuns = false
        try cursor.object { (cursor, key) throws(FindingsError) in
            if key != "runs" { return try cursor.skip() }
            hasRuns = true
            try cursor.array { cursor throws(FindingsError) in
                try cursor.object { (cursor, key) throws(FindingsError) in
                    if key != "results" { return try cursor.skip() }
                    try cursor.array { cursor throws(FindingsError) in
                        var finding = PartialFinding(severity: "warning")
                        try cursor.object { (cursor, key) throws(FindingsError) in
                            switch key {
                            case "ruleId": finding.rule = try cursor.string(limit: Self.longestRule) ?? ""
                            case "level": finding.severity = try cursor.string(limit: 32) ?? ""
                            case "message":
                                finding.message = try text(of: &cursor, "text", Self.longestMessage) ?? finding.message
                            case "locations": try readSARIFLocations(&cursor, into: &finding)
                            default: try cursor.skip()
                            }
                        }
                        add(finding, to: &findings)
                    }
                }
            }
        }
        try check(&cursor, found: hasRuns, "runs")
    }

    private func readSARIFLocations(_ cursor: inout JSONCursor, into finding: inout PartialFinding)
        throws(FindingsError)
    {
        var isFirst = true
        try cursor.array { cursor throws(FindingsError) in
            if !isFirst { return try cursor.skip() }
            isFirst = false
            try cursor.object { (cursor, key) throws(FindingsError) in
                if key != "physicalLocation" { return try cursor.skip() }
                try cursor.object { (cursor, key) throws(FindingsError) in
                    switch key {
                    case "artifactLocation":
                        finding.path = FindingsReader.percentDecoded(
                            try text(of: &cursor, "uri", Self.longestPath) ?? "")
                    case "region":
                        try cursor.object { (cursor, key) throws(FindingsError) in
                            if key == "startLine" { finding.line = try cursor.integer() } else { try cursor.skip() }
                        }
                    default: try cursor.skip()
                    }
                }
            }
        }
    }

    /// One string member of an object whose other members do not matter.
    private func text(of cursor: inout JSONCursor, _ name: String, _ limit: Int) throws(FindingsError) -> String? {
        var found: String?
        try cursor.object { (cursor, key) throws(FindingsError) in
            if key == name { found = try cursor.string(limit: limit) } else { try cursor.skip() }
        }
        return found
    }

    /// The shape that most scanners share: an object with one list of flat results.
    private func readResults(
        _ bytes: [UInt8], in list: String, mayRepeat: Bool = false, into findings: inout Findings,
        _ member: (inout JSONCursor, String, inout PartialFinding) throws(FindingsError) -> Void
    ) throws(FindingsError) {
        var cursor = JSONCursor(bytes)
        var hasList = false
        repeat {
            try cursor.object { (cursor, key) throws(FindingsError) in
                if key != list { return try cursor.skip() }
                hasList = true
                try cursor.array { cursor throws(FindingsError) in
                    var finding = PartialFinding()
                    try cursor.object { (cursor, key) throws(FindingsError) in try member(&cursor, key, &finding) }
                    add(finding, to: &findings)
                }
            }
        } while mayRepeat && !cursor.isAtEnd
        try check(&cursor, found: hasList, list)
    }

    private func check(_ cursor: inout JSONCursor, found: Bool, _ list: String) throws(FindingsError) {
        if !found { throw FindingsError("the report has no \(list): it is not \(format.rawValue)") }
        if !cursor.isAtEnd { throw FindingsError("something follows the report", offset: cursor.index) }
    }

    /// RFC 3986 escapes; what is not one stays as it is.
    static func percentDecoded(_ text: String) -> String {
        if !text.utf8.contains(UInt8(ascii: "%")) { return text }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
