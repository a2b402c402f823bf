import SystemSupport

/// An early SIGTERM, so that the scanner can put away what it has found before a limit ends it. A profile's `soft_landing`.
public struct SoftLanding: Sendable, Hashable {
    /// `memory_high`: as soon as the run was held back at `limits.memory_high`. Default false.
    public var atMemoryHigh: Bool
    /// `before_deadline`: so long before `deadlines.wall`. Nil: not for the deadline's sake.
    public var beforeDeadline: Duration?
    /// `grace`: from this SIGTERM to the kill. Default 5s, or `before_deadline` where that is less.
    public var grace: Duration

    public init(atMemoryHigh: Bool = false, beforeDeadline: Duration? = nil, grace: Duration? = nil) {
        self.atMemoryHigh = atMemoryHigh
        self.beforeDeadline = beforeDeadline
        self.grace = grace ?? min(.seconds(5), beforeDeadline ?? .seconds(5))
    }

    /// A profile's, which must fit its `limits` and `deadlines`.
    init(_ reader: MappingReader, _ limits: ScannerLimits, _ deadlines: Deadlines) {
        self.init(reader)
        for (key, message) in contradictions(limits, deadlines) { reader.note(key, message) }
    }

    /// Reads `soft_landing: {memory_high: true, before_deadline: 30s, grace: 10s}`. What is wrong with it alone becomes a
    /// problem of its key.
    init(_ reader: MappingReader) {
        func duration(_ key: String) -> Duration? {
            guard reader.has(key), let text = reader.text(key) else { return nil }
            return reader.convert(key) { () throws(ValueProblem) in
                try LimitValues.duration(text, .milliseconds(100) ... .seconds(3600), "100ms to 1h")
            }
        }
        let flag =
            reader.has("memory_high")
            ? reader.text("memory_high").flatMap { text in
                reader.convert("memory_high") { () throws(ValueProblem) in try LimitValues.flag(text) }
            } : nil
        self.init(atMemoryHigh: flag ?? false, beforeDeadline: duration("before_deadline"), grace: duration("grace"))
        if !reader.has("memory_high") && !reader.has("before_deadline") {
            reader.note("memory_high", "soft_landing has no cause; write memory_high: true, or before_deadline: 30s")
        }
    }

    static let keys = ["memory_high", "before_deadline", "grace"]

    /// What is possible in itself and not with the rest, by key.
    func contradictions(_ limits: ScannerLimits, _ deadlines: Deadlines) -> [(key: String, message: String)] {
        var found: [(key: String, message: String)] = []
        if atMemoryHigh && limits.memoryHigh == nil {
            found.append(("memory_high", "true needs limits.memory_high, which is not set"))
        }
        if let beforeDeadline {
            if beforeDeadline >= deadlines.wall {
                found.append(
                    (
                        "before_deadline",
                        "\(beforeDeadline.shortText) must be less than deadlines.wall, which is \(deadlines.wall.shortText)"
                    ))
            }
            if grace > beforeDeadline {
                found.append(
                    (
                        "grace",
                        "\(grace.shortText) is more than before_deadline, which is \(beforeDeadline.shortText): the deadline would come first"
                    ))
            }
        }
        return found
    }

    /// What is left of it under other limits: a lower `wall` or `memory` of one run drops the part that no longer fits.
    /// Nil where nothing is left.
    func fitted(to limits: ScannerLimits, _ deadlines: Deadlines) -> SoftLanding? {
        var fitted = self
        if limits.memoryHigh == nil { fitted.atMemoryHigh = false }
        if let beforeDeadline, beforeDeadline >= deadlines.wall { fitted.beforeDeadline = nil }
        return fitted.atMemoryHigh || fitted.beforeDeadline != nil ? fitted : nil
    }
}
