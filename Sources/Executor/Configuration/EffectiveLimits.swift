import SystemSupport

/// The limits of a run as they come of a profile, the configuration and what one run asked for, and who set each.
public struct EffectiveLimits: Sendable, Hashable {
    public private(set) var limits: ScannerLimits
    public private(set) var deadlines: Deadlines
    /// Who set each limit; what nobody set is not here.
    private var setters: [LimitOverrides.Key: LimitSource] = [:]
    /// Who set `io` and `oom_group`, which no run can ask for.
    public private(set) var ioSource = LimitSource.standard
    public private(set) var oomGroupSource = LimitSource.standard

    /// As the profile has them.
    init(_ profile: ScannerProfile) {
        limits = profile.limits
        deadlines = profile.deadlines
        func source(_ path: String) -> LimitSource? {
            profile.limitLines[path].map { .profile(file: profile.file, line: $0) }
        }
        for key in LimitOverrides.Key.allCases { setters[key] = source(key.path) }
        ioSource = source("limits.io") ?? .standard
        oomGroupSource = source("limits.oom_group") ?? .standard
    }

    /// Nil: not limited.
    public func amount(_ key: LimitOverrides.Key) -> LimitAmount? { key.amount(in: limits, deadlines) }

    public func source(_ key: LimitOverrides.Key) -> LimitSource { setters[key] ?? .standard }

    /// As ``amount(_:)``, with the kernel's own default where a limit that is not set means one.
    func boundedAmount(_ key: LimitOverrides.Key) -> LimitAmount? {
        // Documentation/admin-guide/cgroup-v2.rst, cpu.weight.
        amount(key) ?? (key == .cpuWeight ? .count(100) : nil)
    }

    /// Puts `overrides` in place of what they name. What a lower memory brings down with it counts as set by who set the memory.
    mutating func lay(_ overrides: LimitOverrides, _ source: (_ path: String) -> LimitSource) {
        let before = self
        limits = overrides.applied(to: limits)
        deadlines = overrides.applied(to: deadlines)
        for key in LimitOverrides.Key.allCases {
            if overrides.amount(key) != nil {
                setters[key] = source(key.path)
            } else if amount(key) != before.amount(key) {
                setters[key] = source(LimitOverrides.Key.memory.path)
            }
        }
        if overrides.io != nil { ioSource = source("limits.io") }
        if overrides.oomGroup != nil { oomGroupSource = source("limits.oom_group") }
    }
}
