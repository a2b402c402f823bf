/// Makes text from scanners and scanned trees safe to print: a file name must not clear the screen, move the cursor, retitle
/// the window or reorder what the reader sees.
public enum TerminalText {
    /// One line: control characters (C0, DEL, C1, line separators) and bidirectional or invisible formatting come out as
    /// `\n`, `\t`, `\u{1b}`; at most `limit` characters, then `...`.
    public static func line(_ text: String, limit: Int = 4096) -> String {
        if text.utf8.count <= limit && text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        var safe = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == limit { return safe + "..." }
            count += 1
            switch scalar {
            case "\n": safe += "\\n"
            case "\r": safe += "\\r"
            case "\t": safe += "\\t"
            default:
                if isHostile(scalar) {
                    safe += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    safe.unicodeScalars.append(scalar)
                }
            }
        }
        return safe
    }

    /// Several lines: as ``line(_:limit:)``, with line feeds and tabs kept.
    public static func block(_ text: String, limit: Int = 1 << 20) -> String {
        var safe = ""
        var left = limit
        for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if left <= 0 { return safe + "..." }
            if left < limit { safe += "\n" }
            let columns = part.split(separator: "\t", omittingEmptySubsequences: false)
            safe += columns.map { line(String($0), limit: left) }.joined(separator: "\t")
            left -= part.utf8.count + 1
        }
        return safe
    }

    /// True for what acts on a terminal, or on the reader's eye, instead of being shown.
    static func isHostile(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true  // C0, DEL, C1: ESC and CSI among them
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true  // bidirectional controls (UAX #9)
        case 0x200B...0x200D, 0x2060...0x2064, 0xFEFF, 0x00AD: true  // invisible
        case 0x2028, 0x2029: true  // line and paragraph separators
        case 0xFFF9...0xFFFB, 0xE0000...0xE007F: true  // interlinear annotations, tags
        default: false
        }
    }
}
