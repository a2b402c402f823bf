import Synchronization
public import SystemSupport

/// The circuit breakers of one worker, one for each scanner type. `scan` and `exec` have none.
public final class CircuitBreakers: Sendable {
    private let breakers = Mutex<[String: CircuitBreaker]>([:])
    private let settings: @Sendable (String) -> BreakerSettings

    /// - Parameter settings: those of a scanner type; asked once for each.
    public init(settings: @escaping @Sendable (_ type: String) -> BreakerSettings = { _ in .standard }) {
        self.settings = settings
    }

    public enum Admission: Sendable {
        case admitted(BreakerPermit)
        /// As ``CircuitBreaker/Admission/refused(until:)``.
        case refused(until: MonotonicTime?)
    }

    /// May a task of `type` start now? `type` is a profile's name, of which there are as many as there are profiles.
    public func admit(_ type: String, at now: MonotonicTime = .now) -> Admission {
        switch withBreaker(type, now, { $0.admit(at: now) }) {
        case .admitted(let permit): .admitted(BreakerPermit(permit, of: self, type))
        case .refused(let until): .refused(until: until)
        }
    }

    /// The breaker of `type`; a closed one where none of its tasks was admitted yet.
    public func snapshot(of type: String, at now: MonotonicTime = .now) -> BreakerSnapshot {
        withBreaker(type, now) { $0.snapshot(at: now) }
    }

    /// All there are, by scanner type.
    public func snapshots(at now: MonotonicTime = .now) -> [String: BreakerSnapshot] {
        breakers.withLock { breakers in
            var found: [String: BreakerSnapshot] = [:]
            for type in breakers.keys { found[type] = breakers[type]?.snapshot(at: now) }
            return found
        }
    }

    fileprivate func withBreaker<Result: Sendable>(
        _ type: String, _ now: MonotonicTime, _ body: (inout CircuitBreaker) -> Result
    ) -> Result {
        breakers.withLock { breakers in
            body(&breakers[type, default: CircuitBreaker(settings(type), at: now)])
        }
    }
}

/// The right to one run. Reported once; one that is dropped without a report, because its task was cancelled or lost,
/// gives its place back.
public final class BreakerPermit: Sendable {
    private let permit: CircuitBreaker.Permit
    private let breakers: CircuitBreakers
    private let type: String
    private let isReported = Atomic<Bool>(false)

    fileprivate init(_ permit: CircuitBreaker.Permit, of breakers: CircuitBreakers, _ type: String) {
        self.permit = permit
        self.breakers = breakers
        self.type = type
    }

    deinit {
        guard permit.isProbe, !isReported.load(ordering: .relaxed) else { return }
        breakers.withBreaker(type, .now) { $0.giveBack(permit) }
    }

    public var isProbe: Bool { permit.isProbe }

    /// What became of the run. Only the first report counts.
    public func report(_ outcome: BreakerOutcome, at now: MonotonicTime = .now) {
        if isReported.exchange(true, ordering: .relaxed) { return }
        breakers.withBreaker(type, now) { $0.record(outcome, for: permit, at: now) }
    }

    public func report(_ verdict: Verdict, at now: MonotonicTime = .now) { report(BreakerOutcome(verdict), at: now) }
}
