import SystemSupport

/// When a circuit breaker opens, for how long, and how it finds out that all is well again. See `docs/outcomes.md`.
public struct BreakerSettings: Sendable, Hashable {
    /// Over which time failures are counted. It slides in steps of a sixtieth of itself. Default 5 minutes.
    public let window: Duration
    /// The rate is looked at from this many results in the window on. Default 10.
    public let minimumSample: Int
    /// It opens when transient failures are at least this share of the results in the window, in percent. Default 50.
    public let failurePercent: Int
    /// It opens at once with this many critical failures in ``criticalWindow``. Default 3.
    public let criticalThreshold: Int
    /// Over which time critical failures are counted. Default 10 minutes.
    public let criticalWindow: Duration
    /// How long it stays open the first time. Default 30 seconds.
    public let firstCoolDown: Duration
    /// What the cool-down is multiplied by at each opening without a close in between. Default 2.
    public let growth: Int
    /// The cool-down grows up to here. Default 15 minutes.
    public let longestCoolDown: Duration
    /// How many runs may be under way while it is half-open. Default 1.
    public let probes: Int

    /// What most scanners can do with.
    public static let standard = BreakerSettings(unchecked: ())

    private init(unchecked: Void) {
        window = .seconds(300)
        minimumSample = 10
        failurePercent = 50
        criticalThreshold = 3
        criticalWindow = .seconds(600)
        firstCoolDown = .seconds(30)
        growth = 2
        longestCoolDown = .seconds(900)
        probes = 1
    }

    /// - Throws: every value that is impossible, by its name.
    public init(
        window: Duration = BreakerSettings.standard.window,
        minimumSample: Int = BreakerSettings.standard.minimumSample,
        failurePercent: Int = BreakerSettings.standard.failurePercent,
        criticalThreshold: Int = BreakerSettings.standard.criticalThreshold,
        criticalWindow: Duration = BreakerSettings.standard.criticalWindow,
        firstCoolDown: Duration = BreakerSettings.standard.firstCoolDown,
        growth: Int = BreakerSettings.standard.growth,
        longestCoolDown: Duration = BreakerSettings.standard.longestCoolDown,
        probes: Int = BreakerSettings.standard.probes
    ) throws(ProfileError) {
        var problems: [ProfileProblem] = []
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) {
            if range.contains(value) { return }
            problems.append(
                ProfileProblem(key: name, "\(value) is outside \(range.lowerBound) to \(range.upperBound)"))
        }
        func check(_ name: String, _ value: Duration, from least: Duration) {
            if (least...Self.longest).contains(value) { return }
            problems.append(
                ProfileProblem(
                    key: name, "\(value.shortText) is outside \(least.shortText) to \(Self.longest.shortText)"))
        }
        check("window", window, from: .seconds(1))
        check("minimum_sample", minimumSample, 1...1_000_000)
        check("failure_percent", failurePercent, 1...100)
        check("critical_threshold", criticalThreshold, 1...1_000_000)
        check("critical_window", criticalWindow, from: .seconds(1))
        check("first_cool_down", firstCoolDown, from: .milliseconds(100))
        check("growth", growth, 1...100)
        check("longest_cool_down", longestCoolDown, from: min(firstCoolDown, Self.longest))
        check("probes", probes, 1...1000)
        if !problems.isEmpty { throw ProfileError(.invalid, "breaker", problems) }
        self.window = window
        self.minimumSample = minimumSample
        self.failurePercent = failurePercent
        self.criticalThreshold = criticalThreshold
        self.criticalWindow = criticalWindow
        self.firstCoolDown = firstCoolDown
        self.growth = growth
        self.longestCoolDown = longestCoolDown
        self.probes = probes
    }

    private static let longest = Duration.seconds(86_400)

    /// The cool-down of the opening with this number, from 1, since it was last closed.
    func coolDown(ofOpening number: Int) -> Duration {
        var duration = firstCoolDown
        for _ in 1..<max(1, number) {
            // Before it grows, so that nothing can overflow.
            if growth == 1 || duration >= longestCoolDown { break }
            duration *= growth
        }
        return min(duration, longestCoolDown)
    }
}
