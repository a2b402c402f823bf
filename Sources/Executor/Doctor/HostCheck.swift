/// One thing that sandboxes need of a host, and whether it is there.
public struct HostCheck: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable, CaseIterable {
        case ok
        /// Runs work, with less: the remedy says how to get the rest.
        case degraded
        /// Nothing runs without it.
        case missing
    }

    /// What it is, in a word or two, unique among the checks.
    public var name: String
    public var status: Status
    /// What was found, as the kernel says it.
    public var found: String
    /// What it is for.
    public var neededFor: String
    /// How to get it; nil where nothing is wanting.
    public var remedy: String?

    public init(_ name: String, _ status: Status, _ found: String, for neededFor: String, remedy: String? = nil) {
        self.name = name
        self.status = status
        self.found = found
        self.neededFor = neededFor
        self.remedy = status == .ok ? nil : remedy
    }
}

/// All that `doctor` found out about a host.
public struct HostDiagnosis: Sendable, Hashable {
    public var checks: [HostCheck]

    public init(checks: [HostCheck]) { self.checks = checks }

    /// True where runs can be made.
    public var isUsable: Bool { !checks.contains { $0.status == .missing } }

    /// For people: a line a check, and below those that are not ok what they are for and how to get them.
    public var lines: [String] {
        let width = checks.map(\.name.count).max() ?? 0
        var lines: [String] = []
        for check in checks {
            let status = check.status.rawValue + String(repeating: " ", count: 10 - check.status.rawValue.count)
            let name = check.name + String(repeating: " ", count: width - check.name.count)
            lines.append("\(status)\(name)  \(TerminalText.line(check.found))")
            if check.status != .ok {
                lines.append("            for: \(TerminalText.line(check.neededFor))")
                if let remedy = check.remedy { lines.append("            fix: \(TerminalText.line(remedy))") }
            }
        }
        let count = { (status: HostCheck.Status) in checks.count { $0.status == status } }
        lines.append(
            "\(count(.ok)) ok, \(count(.degraded)) degraded, \(count(.missing)) missing: "
                + (isUsable ? "sandboxes work on this host" : "sandboxes do not work on this host"))
        return lines
    }

    public func json(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/doctor/1")
            writer.boolean("usable", isUsable)
            writer.array("checks") { writer in
                for check in checks {
                    writer.object { writer in
                        writer.string("name", check.name)
                        writer.string("status", check.status.rawValue)
                        writer.string("found", check.found)
                        writer.string("needed_for", check.neededFor)
                        writer.string("remedy", check.remedy)
                    }
                }
            }
        }
        return writer.text
    }
}
