public import SystemSupport

/// Keeps tasks away from a scanner that fails anyway. A value without a clock: each call says what time it is.
///
///     closed ── rate of transient failures, or critical ones ──► open ── cool-down over, at the next ask ──► half-open
///        ▲                                                         ▲                                           │   │
///        │                                                         └──────────── a probe failed ───────────────┘   │
///        └─────────────────────────────────────── a probe succeeded ───────────────────────────────────────────────┘
///
/// A result counts in the phase in which its run was admitted, and in no later one: what was started before the breaker
/// opened neither closes nor reopens it.
public struct CircuitBreaker: Sendable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        case closed
        case open
        case halfOpen = "half_open"
    }

    /// The right to one run. Given back by ``record(_:for:at:)`` or ``giveBack(_:)``; once, a second time is ignored for
    /// probes.
    public struct Permit: Sendable, Hashable {
        /// The phase: raised at each change of the state.
        fileprivate let phase: UInt64
        /// The probe's number; nil for a run that was admitted while closed.
        fileprivate let probe: UInt64?

        public var isProbe: Bool { probe != nil }
    }

    public enum Admission: Sendable, Hashable {
        case admitted(Permit)
        /// The task waits, it does not fail. Ask again at `until`; nil while it is half-open and all probes are out: ask when
        /// a result came.
        case refused(until: MonotonicTime?)
    }

    /// Why it opened last.
    public enum Opening: Sendable, Hashable {
        case rate(failures: Int, sample: Int)
        case critical(failures: Int)
        case probe(BreakerOutcome)
    }

    public let settings: BreakerSettings
    public private(set) var state = State.closed
    /// The time of the last change of ``state``; at first that of the making.
    public private(set) var since: MonotonicTime
    private var latest: MonotonicTime
    private var phase: UInt64 = 0
    private var successes: SlidingCount
    private var transients: SlidingCount
    private var criticals: SlidingCount
    /// Critical failures in the window of the rate, of which they are part of the sample.
    private var criticalSample: SlidingCount
    private var probesOut: Set<UInt64> = []
    private var lastProbe: UInt64 = 0
    private var openUntil: MonotonicTime?
    private var openingsInARow = 0
    private var openings = 0
    private var lastOpening: Opening?
    private var refused = 0

    public init(_ settings: BreakerSettings = .standard, at now: MonotonicTime) {
        self.settings = settings
        since = now
        latest = now
        successes = SlidingCount(window: settings.window)
        transients = SlidingCount(window: settings.window)
        criticalSample = SlidingCount(window: settings.window)
        criticals = SlidingCount(window: settings.criticalWindow)
    }

    /// May a task of this scanner start now?
    public mutating func admit(at now: MonotonicTime) -> Admission {
        let now = notBefore(now)
        if state == .open, let openUntil, now >= openUntil { change(to: .halfOpen, now) }
        switch state {
        case .closed: return .admitted(Permit(phase: phase, probe: nil))
        case .halfOpen where probesOut.count < settings.probes:
            lastProbe += 1
            probesOut.insert(lastProbe)
            return .admitted(Permit(phase: phase, probe: lastProbe))
        case .open, .halfOpen:
            refused += 1
            return .refused(until: state == .open ? openUntil : nil)
        }
    }

    /// What became of an admitted run.
    public mutating func record(_ outcome: BreakerOutcome, for permit: Permit, at now: MonotonicTime) {
        let now = notBefore(now)
        guard permit.phase == phase else { return }
        if let probe = permit.probe {
            guard probesOut.remove(probe) != nil else { return }
            switch outcome {
            case .success: change(to: .closed, now)
            case .transient, .critical: open(.probe(outcome), now)
            case .nothing: break
            }
            return
        }
        count(outcome, now)
        if outcome == .critical, criticals.total >= settings.criticalThreshold {
            open(.critical(failures: criticals.total), now)
        } else if outcome == .transient {
            let sample = self.sample
            // Whole numbers: a percentage in floating point would miss its own threshold by a bit.
            if sample >= settings.minimumSample, transients.total * 100 >= settings.failurePercent * sample {
                open(.rate(failures: transients.total, sample: sample), now)
            }
        }
    }

    /// A run that was admitted and will have no result: its place is free again.
    public mutating func giveBack(_ permit: Permit) {
        guard permit.phase == phase, let probe = permit.probe else { return }
        probesOut.remove(probe)
    }

    public mutating func snapshot(at now: MonotonicTime) -> BreakerSnapshot {
        advance(to: notBefore(now))
        return BreakerSnapshot(
            state: state, since: since, successes: successes.total, transientFailures: transients.total,
            criticalFailures: criticals.total, probesOut: probesOut.count, openUntil: openUntil, openings: openings,
            lastOpening: lastOpening, refused: refused)
    }

    private var sample: Int { successes.total + transients.total + criticalSample.total }

    private mutating func count(_ outcome: BreakerOutcome, _ now: MonotonicTime) {
        advance(to: now)
        switch outcome {
        case .success: successes.add(at: now)
        case .transient: transients.add(at: now)
        case .critical:
            criticals.add(at: now)
            criticalSample.add(at: now)
        case .nothing: break
        }
    }

    private mutating func advance(to now: MonotonicTime) {
        successes.advance(to: now)
        transients.advance(to: now)
        criticals.advance(to: now)
        criticalSample.advance(to: now)
    }

    private mutating func open(_ reason: Opening, _ now: MonotonicTime) {
        openings += 1
        openingsInARow += 1
        lastOpening = reason
        change(to: .open, now)
        openUntil = now + settings.coolDown(ofOpening: openingsInARow)
    }

    private mutating func change(to new: State, _ now: MonotonicTime) {
        state = new
        since = now
        phase += 1
        openUntil = nil
        probesOut.removeAll()
        if new == .closed {
            openingsInARow = 0
            // What opened it is settled: it starts with a clean sheet.
            successes.clear()
            transients.clear()
            criticals.clear()
            criticalSample.clear()
        }
    }

    /// Two threads may have looked at the clock in another order than they came here.
    private mutating func notBefore(_ now: MonotonicTime) -> MonotonicTime {
        latest = max(latest, now)
        return latest
    }
}
