/// One metric of one scanner against its limit over time, as SVG.
struct UsagePlot {
    private static let (width, height) = (560.0, 210.0)
    private static let (left, right, top, bottom) = (64.0, 10.0, 8.0, 24.0)

    let metric: AuditMetric
    let points: [ScannerHistory.Point?]
    let spans: [ClosedRange<Int64>]
    /// Unique on the page.
    let identifier: String
    let scanner: String

    func write(to html: inout HTML) {
        let known = points.compactMap(\.self)
        guard !known.isEmpty else { return }
        let scale = PlotScale(metric, known.flatMap { [$0.p50, $0.p99, $0.most] + ($0.limit.map { [$0] } ?? []) })
        html.markup("<figure><figcaption><b>")
        html.text(metric.title)
        html.markup("</b>")
        for (name, label) in [("p50", "p50"), ("p99", "p99"), ("max", "max"), ("limit", "limit")]
        where name != "limit" || known.contains(where: { $0.limit != nil }) {
            html.markup("<span class=\"key \(name)\"><span>\(label)</span></span>")
        }
        html.markup("</figcaption>")
        html.markup(
            "<svg viewBox=\"0 0 \(Self.width) \(Self.height)\" role=\"img\" aria-labelledby=\"\(identifier)t \(identifier)d\">"
        )
        html.markup("<title id=\"\(identifier)t\">")
        html.text("\(scanner): \(metric.title) against its limit over time")
        html.markup("</title><desc id=\"\(identifier)d\">")
        html.text(description(known))
        html.markup("</desc>")
        for tick in scale.ticks {
            let y = number(self.y(scale.place(tick)))
            html.markup("<path class=\"grid\" d=\"M\(Self.left) \(y)H\(Self.width - Self.right)\"/>")
            html.markup("<text x=\"\(Self.left - 6)\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">")
            html.text(Self.label(metric, tick))
            html.markup("</text>")
        }
        PlotDays(spans: spans).write(to: &html, left: Self.left, right: Self.width - Self.right, y: Self.height - 6)
        write(steps(scale), "limit", to: &html)
        write(lines(scale, \.most), "max", to: &html)
        write(lines(scale, \.p99), "p99", to: &html)
        write(lines(scale, \.p50), "p50", to: &html)
        if known.count == 1 {
            for (name, value) in [("max", known[0].most), ("p99", known[0].p99), ("p50", known[0].p50)] {
                let place =
                    "cx=\"\(number(x(Double(points.firstIndex { $0 != nil } ?? 0) + 0.5)))\" cy=\"\(number(y(scale.place(value))))\""
                html.markup("<circle class=\"dot \(name)\" \(place) r=\"3.5\"/>")
            }
        }
        html.markup("</svg></figure>")
    }

    /// The newest figures in words, for who does not see the plot; all of them are in the table.
    private func description(_ known: [ScannerHistory.Point]) -> String {
        guard let last = known.last else { return "" }
        let limit = last.limit.map { ", limit \(UnitText.of(metric, $0))" } ?? ", no limit"
        return "Newest: p50 \(UnitText.of(metric, last.p50)), p99 \(UnitText.of(metric, last.p99)), "
            + "max \(UnitText.of(metric, last.most))\(limit). The table below has every value."
    }

    private func write(_ path: String, _ name: String, to html: inout HTML) {
        if !path.isEmpty { html.markup("<path class=\"line \(name)\" d=\"\(path)\"/>") }
    }

    /// Broken where a span has no runs: nothing is made up between them.
    private func lines(_ scale: PlotScale, _ value: (ScannerHistory.Point) -> Int64) -> String {
        var path = ""
        var isDown = false
        for (index, point) in points.enumerated() {
            guard let point else {
                isDown = false
                continue
            }
            path += "\(isDown ? "L" : "M")\(number(x(Double(index) + 0.5))) \(number(y(scale.place(value(point)))))"
            isDown = true
        }
        return path
    }

    /// A limit holds until another is set.
    private func steps(_ scale: PlotScale) -> String {
        var path = ""
        var last: Int64?
        for (index, point) in points.enumerated() {
            guard let point else { continue }
            guard let limit = point.limit else {
                last = nil
                continue
            }
            let height = number(y(scale.place(limit)))
            if last == nil {
                path += "M\(number(x(Double(index)))) \(height)"
            } else if last != limit {
                path += "H\(number(x(Double(index))))V\(height)"
            }
            path += "H\(number(x(Double(index) + 1)))"
            last = limit
        }
        return path
    }

    private func x(_ span: Double) -> Double {
        Self.left + (Self.width - Self.left - Self.right) * span / Double(max(1, spans.count))
    }
    private func y(_ place: Double) -> Double { Self.top + (Self.height - Self.top - Self.bottom) * (1 - place) }
    private func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    /// As the table has it, without decimals that are zeros.
    private static func label(_ metric: AuditMetric, _ value: Int64) -> String {
        switch metric {
        case .wall, .cpu:
            let milliseconds = metric == .wall ? value : value / 1000
            for (unit, size) in [("h", 3_600_000), ("min", 60_000), ("s", 1000)] as [(String, Int64)]
            where milliseconds >= size {
                return "\(milliseconds / size) \(unit)"
            }
            return "\(milliseconds) ms"
        default:
            let text = UnitText.of(metric, value)
            return text.split(separator: ".0 ", omittingEmptySubsequences: false).joined(separator: " ")
        }
    }
}

/// The dates below a plot.
struct PlotDays {
    let spans: [ClosedRange<Int64>]

    func write(to html: inout HTML, left: Double, right: Double, y: Double) {
        guard let first = spans.first, let last = spans.last else { return }
        html.markup("<text x=\"\(left)\" y=\"\(y)\">\(TimeText.day(first.lowerBound))</text>")
        if last.upperBound == first.lowerBound { return }
        html.markup("<text x=\"\(right)\" y=\"\(y)\" text-anchor=\"end\">\(TimeText.day(last.upperBound))</text>")
    }
}
