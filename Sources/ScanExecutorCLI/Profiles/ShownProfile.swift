import Executor
import SystemSupport

/// A profile as `profiles show` has it.
struct ShownProfile {
    /// Where a value comes from.
    enum Source: String {
        case profile, option
        case standard = "default"
    }

    struct Limit {
        var key: LimitOverrides.Key
        /// Nil: not limited.
        var value: String?
        var source: Source
    }

    let profile: ScannerProfile
    let scannerPath: String?
    let limits: [Limit]

    /// - Parameter overridden: limits that were given for this run.
    init(_ profile: ScannerProfile, overridden: Set<LimitOverrides.Key>, scannerPath: String?) {
        self.profile = profile
        self.scannerPath = scannerPath
        limits = LimitOverrides.Key.allCases.map { key in
            let source: Source =
                overridden.contains(key) ? .option : profile.statedLimits.contains(key) ? .profile : .standard
            return Limit(key: key, value: profile.value(of: key), source: source)
        }
    }

    var lines: [String] {
        var rows: [(String, String)] = [
            ("name", profile.name), ("description", profile.summary ?? "-"), ("file", profile.file),
            ("sha256", profile.sha256), ("scanner", scannerPath ?? "not installed"),
            ("command", profile.command.source.joined(separator: " ")),
        ]
        for meaning in ExitCodeTable.Meaning.allCases {
            let codes = profile.exitCodes.codes(meaning)
            if !codes.isEmpty {
                rows.append(("exit \(meaning.rawValue)", codes.map { "\($0)" }.joined(separator: " ")))
            }
        }
        if let report = profile.report { rows.append(("report", "\(report.path) (\(report.format.rawValue))")) }
        rows.append(("seccomp", profile.seccomp))
        rows.append(("network", profile.network.rawValue))
        rows.append(("workdir", profile.workingDirectory))
        for (name, value) in profile.environment.sorted(by: { $0.key < $1.key }) {
            rows.append(("environment", "\(name)=\(value)"))
        }
        for path in profile.readOnlyPaths { rows.append(("read-only", "\(path.host) at \(path.sandbox)")) }
        for limit in limits {
            rows.append((limit.key.rawValue, "\(limit.value ?? "not limited") (\(limit.source.rawValue))"))
        }
        for limit in profile.limits.io { rows.append(("io", "\(limit.device) (profile)")) }
        if let landing = profile.softLanding {
            let causes = [
                landing.atMemoryHigh ? "at memory_high" : nil,
                landing.beforeDeadline.map { "\($0.shortText) before the deadline" },
            ]
            rows.append(
                (
                    "soft_landing",
                    "\(causes.compactMap { $0 }.joined(separator: " and ")), grace \(landing.grace.shortText) (profile)"
                ))
        }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, value in
            name + String(repeating: " ", count: width - name.count) + "  " + TerminalText.line(value)
        }
    }

    func json(pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/profile/1")
            writer.string("name", profile.name)
            writer.string("description", profile.summary)
            writer.string("file", profile.file)
            writer.string("sha256", profile.sha256)
            writer.string("scanner_path", scannerPath)
            writer.array("command") { writer in
                for word in profile.command.source { writer.string(nil, word) }
            }
            writer.object("exit_codes") { writer in
                for meaning in ExitCodeTable.Meaning.allCases where !profile.exitCodes.codes(meaning).isEmpty {
                    writer.array(meaning.rawValue) { writer in
                        for code in profile.exitCodes.codes(meaning) { writer.integer(nil, code) }
                    }
                }
            }
            if let report = profile.report {
                writer.object("report") { writer in
                    writer.string("path", report.path)
                    writer.string("format", report.format.rawValue)
                }
            }
            writer.string("seccomp", profile.seccomp)
            writer.string("network", profile.network.rawValue)
            writer.string("working_directory", profile.workingDirectory)
            if let landing = profile.softLanding {
                writer.object("soft_landing") { writer in
                    writer.boolean("memory_high", landing.atMemoryHigh)
                    writer.string("before_deadline", landing.beforeDeadline?.shortText)
                    writer.string("grace", landing.grace.shortText)
                }
            }
            writer.object("limits") { writer in
                for limit in limits {
                    writer.object(limit.key.rawValue) { writer in
                        writer.string("value", limit.value)
                        writer.string("source", limit.source.rawValue)
                    }
                }
            }
        }
        return writer.text
    }
}

extension ScannerProfile {
    /// A limit as a profile would write it; nil where there is none.
    fileprivate func value(of key: LimitOverrides.Key) -> String? {
        switch key {
        case .cpu: "\(limits.cpu)"
        case .cpuWeight: limits.cpuWeight.map { "\($0)" }
        case .memory: "\(limits.memory)"
        case .memoryHigh: limits.memoryHigh.map { "\($0)" }
        case .swap: "\(limits.swap)"
        case .pids: "\(limits.pids)"
        case .cpuset: limits.cpuset.map { "\($0)" }
        case .tmp: "\(limits.tmp)"
        case .tmpInodes: "\(limits.tmpInodes)"
        case .out: "\(limits.out)"
        case .outInodes: "\(limits.outInodes)"
        case .openFiles: "\(limits.openFiles)"
        case .fileSize: limits.fileSize.map { "\($0)" }
        case .printed: "\(limits.printed)"
        case .wall: deadlines.wall.shortText
        case .cpuTime: deadlines.cpu?.shortText
        case .grace: deadlines.grace.shortText
        }
    }
}
