import SystemSupport

/// What of a configuration does not fit one profile: `minimum` ≤ limit ≤ `maximum`, and limit ≤ caps.
struct LadderProblems {
    let profile: ScannerProfile
    let configured: ExecutorConfiguration.Scanner
    let caps: StatedCaps
    let file: String
    /// With the configuration's in place.
    let limits: EffectiveLimits

    /// Each with the configuration's line. Empty where the configuration says nothing that concerns the profile.
    var found: [ProfileProblem] {
        var found = LimitOverrides.contradictions(limits.limits, limits.deadlines).filter { isConfigured($0.key) }
            .map { problem($0.key, $0.message) }
        for key in LimitOverrides.Key.allCases {
            found += belowMinimum(key) + overMaximum(key)
        }
        for key in AggregateCaps.Key.allCases { found += overCaps(key) }
        if let landing = configured.softLanding {
            found += landing.value.contradictions(limits.limits, limits.deadlines).map { key, message in
                ProfileProblem(line: landing.line, key: "scanners.\(profile.name).soft_landing.\(key)", message)
            }
        }
        return found
    }

    private func belowMinimum(_ key: LimitOverrides.Key) -> [ProfileProblem] {
        guard let least = profile.minimum[key == .memoryHigh ? .memory : key], isConfigured(key),
            let amount = limits.amount(key), least.amount.exceeds(amount)
        else { return [] }
        return [
            problem(
                key,
                "\(amount) is below the least that \(profile.name) needs, \(least.amount) (\(place(least))): raise it")
        ]
    }

    private func overMaximum(_ key: LimitOverrides.Key) -> [ProfileProblem] {
        let amount = limits.boundedAmount(key)
        let path = "scanners.\(profile.name).maximum.\(key.rawValue)"
        if let most = configured.maximum[key] {
            var found: [ProfileProblem] = []
            if amount.map({ $0.exceeds(most.amount) }) ?? true {
                found.append(
                    ProfileProblem(
                        line: most.line, key: path,
                        "\(most.amount) is below the limit, \(text(key)): raise it, or lower scanners.\(profile.name).\(key.path)"
                    ))
            }
            if let least = profile.minimum[key], least.amount.exceeds(most.amount) {
                found.append(
                    ProfileProblem(
                        line: most.line, key: path,
                        "\(most.amount) is below the least that \(profile.name) needs, \(least.amount) (\(place(least)))"
                    ))
            }
            return found
        }
        guard let most = profile.maximum[key], isConfigured(key), let amount,
            amount.exceeds(most.amount)
        else { return [] }
        return [
            problem(
                key,
                "\(amount) is over the profile's maximum, \(most.amount) (\(place(most))): lower it, or set \(path)")
        ]
    }

    private func overCaps(_ key: AggregateCaps.Key) -> [ProfileProblem] {
        guard let amount = limits.amount(key.limit) else { return [] }
        let own = "scanners.\(profile.name)"
        return [(own + ".caps", configured.caps), ("caps", caps)].compactMap { name, caps in
            guard let cap = caps.values.amount(key), amount.exceeds(cap) else { return nil }
            return ProfileProblem(
                line: caps.lines[key], key: "\(name).\(key.rawValue)",
                "\(cap) is below the limit of one \(profile.name) scan, \(text(key.limit)): raise the cap, or lower "
                    + "\(own).\(key.limit.path)")
        }
    }

    /// Set by the configuration, or brought down by the memory that it sets.
    private func isConfigured(_ key: LimitOverrides.Key) -> Bool { limits.source(key).name == "configuration" }

    private func problem(_ key: LimitOverrides.Key, _ message: String) -> ProfileProblem {
        ProfileProblem(
            line: limits.source(key).place?.line, key: "scanners.\(profile.name).\(key.path)", message)
    }

    private func text(_ key: LimitOverrides.Key) -> String {
        let amount = limits.boundedAmount(key).map { "\($0)" } ?? "not limited"
        return "\(amount) (\(limits.source(key)))"
    }

    private func place(_ stated: StatedAmount) -> String {
        "\(LimitSource.profile(file: profile.file, line: stated.line))"
    }
}
