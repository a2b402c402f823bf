import SystemSupport

/// The formats that are not JSON: XML, CSV, lines.
extension FindingsReader {
    /// `<error id severity msg>` with `<location file line>` inside, of which the first is the place. An error without a
    /// location is about cppcheck's own work, such as a header that it did not find, and no finding.
    func readCppcheck(_ bytes: [UInt8], into findings: inout Findings) throws(FindingsError) {
        var cursor = XMLTagCursor(bytes)
        var error: PartialFinding?
        var hasResults = false
        while let tag = try cursor.next(limit: Self.longestPath) {
            switch tag.name {
            case "results": hasResults = true
            case "error":
                error = PartialFinding(
                    severity: tag.attributes["severity"] ?? "",
                    rule: boundedText((tag.attributes["id"] ?? "").utf8, Self.longestRule),
                    message: boundedText((tag.attributes["msg"] ?? "").utf8, Self.longestMessage))
            case "location":
                guard var finding = error else { continue }
                finding.path = tag.attributes["file"] ?? ""
                finding.line = tag.attributes["line"].flatMap { Int($0) }
                add(finding, to: &findings)
                error = nil
            default: break
            }
        }
        if !hasResults { throw FindingsError("the report has no results element: it is not \(format.rawValue)") }
    }

    /// Columns by the names in the first row: File, Line, Level (0 to 5), Category, Name, Warning, RuleId.
    func readFlawfinder(_ bytes: [UInt8], into findings: inout Findings) throws(FindingsError) {
        var cursor = CSVCursor(bytes)
        guard let header = try cursor.next(limit: 64), header.contains("File"), header.contains("RuleId") else {
            throw FindingsError("the first row has no File and RuleId: it is not \(format.rawValue)")
        }
        while let row = try cursor.next(limit: Self.longestPath) {
            // Messages of flawfinder itself can stand between the rows.
            if row.count != header.count { continue }
            let fields = Dictionary(zip(header, row)) { first, _ in first }
            var finding = PartialFinding(
                path: fields["File"] ?? "", rule: boundedText((fields["RuleId"] ?? "").utf8, Self.longestRule))
            finding.line = fields["Line"].flatMap { Int($0) }
            finding.severity =
                switch fields["Level"].flatMap({ Int($0) }) {
                case 4, 5: "high"
                case 3: "medium"
                case 1, 2: "low"
                case 0: "info"
                default: ""
                }
            let message = "\(fields["Category"] ?? "")/\(fields["Name"] ?? ""): \(fields["Warning"] ?? "")"
            finding.message = boundedText(message.utf8, Self.longestMessage)
            add(finding, to: &findings)
        }
    }

    /// Lines of any other form are not findings and are passed over.
    func readGCC(_ bytes: [UInt8], into findings: inout Findings) {
        // One line after the other: a list of them would take many times the report's size.
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            if let finding = FindingsReader.gccFinding(rest[..<end].prefix(8192)) { add(finding, to: &findings) }
            rest = rest[end...].dropFirst()
        }
    }

    /// `path:12:5: warning: message [rule]`, the column and the rule being optional.
    static func gccFinding(_ line: some Collection<UInt8>) -> PartialFinding? {
        let text = String(decoding: line, as: UTF8.self)
        let parts = text.split(separator: ":", maxSplits: 16, omittingEmptySubsequences: false)
        guard let place = parts.indices.dropFirst().first(where: { DecimalText.scaled(parts[$0], by: 1) != nil }) else {
            return nil
        }
        var next = place + 1
        if next < parts.count, DecimalText.scaled(parts[next], by: 1) != nil { next += 1 }
        guard next + 1 < parts.count else { return nil }
        var finding = PartialFinding(path: boundedText(parts[..<place].joined(separator: ":").utf8, longestPath))
        finding.line = Int(parts[place])
        finding.severity = String(trimmed(parts[next]).prefix(32))
        var message = trimmed(parts[(next + 1)...].joined(separator: ":")[...])
        if message.hasSuffix("]"), let open = message.lastIndex(of: "["), open > message.startIndex {
            finding.rule = boundedText(message[message.index(after: open)...].dropLast().utf8, longestRule)
            message = trimmed(message[..<open])
        }
        finding.message = boundedText(message.utf8, longestMessage)
        return finding.path.isEmpty ? nil : finding
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
