import Executor
import SystemSupport

/// A profile as `profiles show` has it: every limit with who set it, and what bounds it.
struct ShownProfile {
    struct Limit {
        var key: LimitOverrides.Key
        /// Nil: not limited.
        var value: LimitAmount?
        var source: LimitSource
        var minimum: LimitLadder.Bound?
        /// The most that one run may ask for; nil: anything.
        var maximum: LimitLadder.Bound?
    }

    /// A cap over several scans.
    struct Cap {
        var key: AggregateCaps.Key
        /// Of the scanner's type; false: of all scans.
        var isOfType: Bool
        var value: LimitAmount
        var source: LimitSource
    }

    let profile: ScannerProfile
    let scannerPath: String?
    let limits: [Limit]
    let caps: [Cap]
    /// The configuration's file; nil where there is none.
    let configuration: String?
    let ioSource: LimitSource
    let oomGroupSource: LimitSource

    init(
        _ ladder: LimitLadder, _ effective: EffectiveLimits, _ configuration: ExecutorConfiguration?,
        scannerPath: String?
    ) {
        profile = ladder.profile(with: effective)
        self.scannerPath = scannerPath
        self.configuration = configuration?.file
        ioSource = effective.ioSource
        oomGroupSource = effective.oomGroupSource
        limits = LimitOverrides.Key.allCases.map { key in
            Limit(
                key: key, value: effective.amount(key), source: effective.source(key), minimum: ladder.minimum(key),
                maximum: ladder.maximum(key))
        }
        let name = profile.name
        caps = AggregateCaps.Key.allCases.flatMap { key in
            [(true, configuration?.scanners[name]?.caps), (false, configuration?.caps)].compactMap { isOfType, caps in
                guard let caps, let file = configuration?.file else { return nil }
                return caps.values.amount(key).map {
                    Cap(
                        key: key, isOfType: isOfType, value: $0,
                        source: .configuration(file: file, line: caps.lines[key]))
                }
            }
        }
    }

    var lines: [String] {
        var rows: [(String, String)] = [
            ("name", profile.name), ("description", profile.summary ?? "-"), ("file", profile.file),
            ("sha256", profile.sha256), ("configuration", configuration ?? "none"),
            ("scanner", scannerPath ?? "not installed"),
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
        rows += limits.map { ($0.key.rawValue, $0.text) }
        rows.append(("oom_group", "\(profile.limits.oomGroup) (\(oomGroupSource))"))
        for limit in profile.limits.io { rows.append(("io", "\(limit.device) (\(ioSource))")) }
        for cap in caps {
            let whose = cap.isOfType ? "all \(profile.name) scans" : "all scans"
            rows.append(("cap \(cap.key.rawValue)", "\(cap.value) for \(whose) together (\(cap.source))"))
        }
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
}

extension ShownProfile.Limit {
    /// `1GiB (profile bandit.yaml:11), at least 96MiB, at most 8GiB (profile bandit.yaml:17)`.
    fileprivate var text: String {
        var text = "\(value.map { "\($0)" } ?? "not limited") (\(source))"
        if let minimum { text += ", at least \(minimum.amount)" }
        if let maximum, maximum.kind != .limit { text += ", at most \(maximum.amount) (\(maximum.source))" }
        return text
    }
}
