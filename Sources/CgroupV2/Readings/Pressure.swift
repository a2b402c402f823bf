/// How long tasks waited for a resource (Documentation/accounting/psi.rst).
public struct Pressure: Sendable, Equatable {
    /// At least one task waited.
    public var some: Line?
    /// All tasks waited at once. Linux before 5.13 has none for cpu.
    public var full: Line?

    public struct Line: Sendable, Equatable {
        /// Shares of the last 10, 60 and 300 seconds, in percent.
        public var average10: Double
        public var average60: Double
        public var average300: Double
        /// All the waiting since the cgroup was made.
        public var total: Duration
    }

    /// Reads the text of a pressure file. Nil where the text holds neither line.
    public init?(parsing text: String) {
        for (key, values) in KernelText.nestedKeyed(text) {
            guard let line = Line(values) else { continue }
            if key == "some", some == nil { some = line }
            if key == "full", full == nil { full = line }
        }
        if some == nil && full == nil { return nil }
    }
}

extension Pressure.Line {
    fileprivate init?(_ values: [Substring: Substring]) {
        func percent(_ name: Substring) -> Double? {
            guard let value = values[name].flatMap({ Double($0) }), (0...100).contains(value) else { return nil }
            return value
        }
        guard let average10 = percent("avg10"), let average60 = percent("avg60"), let average300 = percent("avg300"),
            let total = values["total"].flatMap({ KernelText.number($0) }).flatMap(Duration.init(kernelMicroseconds:))
        else { return nil }
        self.init(average10: average10, average60: average60, average300: average300, total: total)
    }
}
