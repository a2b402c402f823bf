import Executor

/// How runs ended, over time: stacked bars.
struct VerdictPlot {
    private static let (width, height) = (560.0, 210.0)
    private static let (left, right, top, bottom) = (64.0, 10.0, 8.0, 24.0)

    let title: String
    /// From the bottom up.
    let verdicts: [String]
    /// Runs by verdict, for each span.
    let counts: [[String: Int64]]
    let spans: [ClosedRange<Int64>]
    let identifier: String
    let scanner: String

    /// The class of a verdict's colour. One that this version does not know has the last.
    static func colour(_ verdict: String) -> String {
        let known = VerdictKind(rawValue: verdict).flatMap { VerdictKind.allCases.firstIndex(of: $0) }
        return "v\(min(13, known ?? 13))"
    }

    func write(to html: inout HTML) {
        let sums = counts.map { count in verdicts.reduce(Int64(0)) { $0 + (count[$1] ?? 0) } }
        guard let most = sums.max(), most > 0 else { return }
        html.markup("<figure><figcaption><b>")
        html.text(title)
        html.markup("</b>")
        for verdict in verdicts {
            html.markup("<span class=\"key box \(Self.colour(verdict))\"><span>")
            html.text(verdict)
            html.markup("</span></span>")
        }
        html.markup("</figcaption>")
        html.markup(
            "<svg viewBox=\"0 0 \(Self.width) \(Self.height)\" role=\"img\" aria-labelledby=\"\(identifier)t \(identifier)d\">"
        )
        html.markup("<title id=\"\(identifier)t\">")
        html.text("\(scanner): \(title) over time")
        html.markup("</title><desc id=\"\(identifier)d\">")
        html.text(
            verdicts.map { verdict in "\(verdict) \(UnitText.count(counts.reduce(0) { $0 + ($1[verdict] ?? 0) }))" }
                .joined(separator: ", ") + ". The table below has every value.")
        html.markup("</desc>")
        let top = Self.niceMaximum(most)
        for part in top % 4 == 0 ? [0, 1, 2, 3, 4] : top % 2 == 0 ? [0, 2, 4] : [0, 4] as [Int64] {
            let value = top * part / 4
            let y = number(self.y(Double(value) / Double(top)))
            html.markup("<path class=\"grid\" d=\"M\(Self.left) \(y)H\(Self.width - Self.right)\"/>")
            html.markup(
                "<text x=\"\(Self.left - 6)\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">\(UnitText.count(value))</text>")
        }
        PlotDays(spans: spans).write(to: &html, left: Self.left, right: Self.width - Self.right, y: Self.height - 6)
        let step = (Self.width - Self.left - Self.right) / Double(max(1, spans.count))
        let wide = min(step * 0.84, 48)
        for (index, count) in counts.enumerated() {
            var below: Int64 = 0
            for verdict in verdicts {
                guard let runs = count[verdict], runs > 0 else { continue }
                let (low, high) = (y(Double(below) / Double(top)), y(Double(below + runs) / Double(top)))
                let x = Self.left + step * (Double(index) + 0.5) - wide / 2
                html.markup(
                    "<rect class=\"\(Self.colour(verdict))\" x=\"\(number(x))\" y=\"\(number(high))\" width=\"\(number(wide))\" "
                        + "height=\"\(number(max(0.4, low - high)))\"/>")
                below += runs
            }
        }
        html.markup("</svg></figure>")
    }

    /// 1, 2, 4 or 8 times a power of ten, not below.
    static func niceMaximum(_ value: Int64) -> Int64 {
        var power: Int64 = 1
        while power < 100_000_000_000_000_000 {
            for factor in [1, 2, 4, 8] as [Int64] where power * factor >= value { return power * factor }
            power *= 10
        }
        return max(value, 1)
    }

    private func y(_ place: Double) -> Double { Self.top + (Self.height - Self.top - Self.bottom) * (1 - place) }
    private func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
