import Executor

/// Rows in columns, each as wide as its widest cell. Cells are made safe for a terminal.
struct TextTable {
    private var rows: [[String]] = []
    /// Columns of numbers, by index.
    private let right: Set<Int>
    private let indent: String

    init(right: Set<Int> = [], indent: String = "") {
        self.right = right
        self.indent = indent
    }

    mutating func add(_ cells: [String]) { rows.append(cells.map { TerminalText.line($0, limit: 256) }) }

    /// With a newline behind each line; the last column is not filled up.
    var text: String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = indent
            for (column, cell) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 0 ? "" : "  ") + (right.contains(column) ? gap + cell : cell + gap)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
