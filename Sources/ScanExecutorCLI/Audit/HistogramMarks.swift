import LocalStore

/// A histogram in a few characters, for a terminal.
struct HistogramMarks {
    static let width = 12
    private static let blocks = Array("▁▂▃▄▅▆▇█")
    private static let ascii = Array(".:-=+*#@")

    private let marks: [Character]

    /// Nil where nobody looks: a pipe.
    init?(terminal isTerminal: Bool, environment: (String) -> String? = OperatorSettings.processEnvironment) {
        if !isTerminal { return nil }
        // As setlocale(3) chooses.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment($0) }.first { !$0.isEmpty } ?? ""
        let upper = locale.uppercased()
        marks = upper.contains("UTF-8") || upper.contains("UTF8") ? Self.blocks : Self.ascii
    }

    /// From least to most, in steps of equal factor: what runs use spans powers of ten. Blank where there is none.
    func text(_ histogram: LogHistogram) -> String {
        let counts = histogram.columns(Self.width)
        guard let most = counts.max(), most > 0 else { return "" }
        return String(
            counts.map { count in
                if count == 0 { return " " }
                let height = Double(count) / Double(most) * Double(marks.count)
                return marks[min(marks.count - 1, max(0, Int(height.rounded(.up)) - 1))]
            })
    }
}
