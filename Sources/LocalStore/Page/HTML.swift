import Executor

/// Text of a page under construction. What is not a literal of this program goes in through ``text(_:)``, escaped.
struct HTML {
    private(set) var content = ""

    mutating func raw(_ markup: StaticString) { content += "\(markup)" }

    /// Markup made here, of parts that were escaped or are numbers.
    mutating func markup(_ markup: String) { content += markup }

    mutating func text(_ text: String) { content += HTML.escaped(text) }

    /// `<td>…</td>`, escaped.
    mutating func element(_ name: StaticString, _ text: String, _ attributes: StaticString = "") {
        content += "<\(name)\(attributes)>" + HTML.escaped(text) + "</\(name)>"
    }

    /// For content and for attributes in double quotes. What acts on the reader's eye (bidirectional controls, invisible
    /// characters) is made visible, as on a terminal.
    static func escaped(_ text: String) -> String {
        var safe = ""
        for character in TerminalText.line(text).unicodeScalars {
            switch character {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\"": safe += "&quot;"
            case "'": safe += "&#39;"
            default: safe.unicodeScalars.append(character)
            }
        }
        return safe
    }
}
