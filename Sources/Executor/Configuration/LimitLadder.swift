import SystemSupport

/// Decides what a run of one scanner may use. Each step stands on the one before: defaults, the profile, the configuration of
/// the host, and what one run asks for, which may be less than what all have, and more only up to the maximum.
///
/// Pure: it reads no file and asks no kernel.
public struct LimitLadder: Sendable {
    /// A value that a limit must not go beyond, and why.
    public struct Bound: Sendable, Hashable {
        public enum Kind: String, Sendable, Hashable {
            /// `minimum` of the profile.
            case minimum
            /// `maximum` of the configuration, or of the profile.
            case maximum
            /// No maximum is stated, so the limit itself is.
            case limit
            /// The cap of the scanner's type.
            case typeCap = "type_cap"
            /// The cap of all scans.
            case allCap = "all_cap"
        }

        public var amount: LimitAmount
        public var kind: Kind
        public var source: LimitSource
    }

    public let profile: ScannerProfile
    /// What a run gets that asks for nothing.
    public let standing: EffectiveLimits
    /// What of the configuration does not fit this profile, by the configuration's lines. Not empty: nothing may run.
    public let problems: [ProfileProblem]
    private let configured: ExecutorConfiguration.Scanner
    private let caps: StatedCaps
    private let file: String

    public init(_ profile: ScannerProfile, _ configuration: ExecutorConfiguration?) {
        self.profile = profile
        configured = configuration?.scanners[profile.name] ?? ExecutorConfiguration.Scanner()
        caps = configuration?.caps ?? StatedCaps()
        let file = configuration?.file ?? ""
        self.file = file
        var limits = EffectiveLimits(profile)
        let lines = configured.limits.lines
        limits.lay(configured.limits.values) { .configuration(file: file, line: lines[$0]) }
        standing = limits
        problems =
            LadderProblems(
                profile: profile, configured: configured, caps: caps, file: file, limits: limits
            ).found
    }

    /// What the scanner cannot do with less than.
    public func minimum(_ key: LimitOverrides.Key) -> Bound? {
        profile.minimum[key].map {
            Bound(amount: $0.amount, kind: .minimum, source: .profile(file: profile.file, line: $0.line))
        }
    }

    /// The most that one run may ask for: the least of the maximum and the caps. Nil: nothing bounds it.
    public func maximum(_ key: LimitOverrides.Key) -> Bound? { least(key, orLimit: true) }

    /// The most that the configuration may set the limit itself to: likewise, where it is stated. Nil: nothing bounds it.
    public func ceiling(_ key: LimitOverrides.Key) -> Bound? { least(key, orLimit: false) }

    /// What would not fit if the configuration's limits of the scanner were changed so.
    public func problems(changing change: (inout LimitOverrides) -> Void) -> [ProfileProblem] {
        var values = configured.limits.values
        change(&values)
        var limits = EffectiveLimits(profile)
        limits.lay(values) { _ in .configuration(file: file, line: nil) }
        return LadderProblems(profile: profile, configured: configured, caps: caps, file: file, limits: limits).found
    }

    private func least(_ key: LimitOverrides.Key, orLimit: Bool) -> Bound? {
        var bounds: [Bound?] = []
        if let stated = configured.maximum[key] {
            bounds.append(
                Bound(amount: stated.amount, kind: .maximum, source: .configuration(file: file, line: stated.line)))
        } else if let stated = profile.maximum[key] {
            bounds.append(
                Bound(amount: stated.amount, kind: .maximum, source: .profile(file: profile.file, line: stated.line)))
        } else if orLimit {
            bounds.append(
                standing.boundedAmount(key).map { Bound(amount: $0, kind: .limit, source: standing.source(key)) })
        }
        if let cap = AggregateCaps.Key.allCases.first(where: { $0.limit == key }) {
            for (caps, kind) in [(configured.caps, Bound.Kind.typeCap), (caps, .allCap)] {
                bounds.append(
                    caps.values.amount(cap).map {
                        Bound(amount: $0, kind: kind, source: .configuration(file: file, line: caps.lines[cap]))
                    })
            }
        }
        return bounds.compactMap { $0 }.reduce(nil) { (least: Bound?, bound) in
            if let least, !least.amount.exceeds(bound.amount) { return least }
            return bound
        }
    }

    /// What a run gets that asks for `wanted`. Throws what is too much, too little, or impossible together, all at once; and
    /// ``problems``, where there are any, whatever was asked for.
    ///
    /// - Parameter source: who asks: `.option` or `.task`.
    public func limits(
        for wanted: LimitOverrides, from source: LimitSource
    ) throws(ProfileError) -> EffectiveLimits {
        if !problems.isEmpty { throw ProfileError(.invalid, file, problems) }
        var limits = standing
        limits.lay(wanted) { _ in source }
        var found = LimitOverrides.contradictions(limits.limits, limits.deadlines).map {
            ProfileProblem(key: $0.key.path, $0.message)
        }
        for key in LimitOverrides.Key.allCases where limits.source(key).isOfOneRun {
            let name = source == .option ? key.option : key.path
            // Lowered because the memory was.
            let isDerived = wanted.amount(key) == nil
            guard let amount = limits.amount(key) else { continue }
            if let most = maximum(key), amount.exceeds(most.amount), !isDerived {
                found.append(
                    ProfileProblem(key: name, "\(amount) is over \(words(most)): ask for less\(advice(most, key))"))
            }
            // Slowed down below what it needs, a scanner does no more than if it had no more.
            if let least = minimum(key == .memoryHigh ? .memory : key), least.amount.exceeds(amount) {
                let lowered = isDerived ? ", to which the lower memory brings it down," : ""
                found.append(ProfileProblem(key: name, "\(amount)\(lowered) is below \(words(least)): ask for more"))
            }
        }
        if found.isEmpty { return limits }
        throw ProfileError(.invalidLimit, profile.name, found)
    }

    /// The profile with limits of one run, or of all, in place of its own.
    public func profile(with limits: EffectiveLimits) -> ScannerProfile {
        var profile = profile
        profile.limits = limits.limits
        profile.deadlines = limits.deadlines
        profile.softLanding = (configured.softLanding?.value ?? profile.softLanding)?.fitted(
            to: limits.limits, limits.deadlines)
        return profile
    }

    private func words(_ bound: Bound) -> String {
        let what =
            switch bound.kind {
            case .minimum: "the least that \(profile.name) needs"
            case .maximum: "the maximum of \(profile.name)"
            case .limit: "the limit of \(profile.name), which no maximum lets a run raise"
            case .typeCap: "the cap of all \(profile.name) scans together"
            case .allCap: "the cap of all scans together"
            }
        return "\(what), \(bound.amount) (\(bound.source))"
    }

    private func advice(_ bound: Bound, _ key: LimitOverrides.Key) -> String {
        switch bound.kind {
        case .limit where key.canBeBounded:
            ", or have maximum.\(key.rawValue) set in the profile or below scanners.\(profile.name) of the configuration"
        case .limit, .minimum: ""
        case .maximum, .typeCap, .allCap: ", or have it raised there"
        }
    }
}
