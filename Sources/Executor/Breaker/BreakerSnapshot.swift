public import SystemSupport

/// A circuit breaker as it stands at one moment, to be shown and counted.
public struct BreakerSnapshot: Sendable, Hashable {
    public var state: CircuitBreaker.State
    /// The time of the last change.
    public var since: MonotonicTime
    /// Results in the window: the sample that the rate is taken of. They stand still while it is not closed.
    public var successes: Int
    public var transientFailures: Int
    /// In the window of the critical ones.
    public var criticalFailures: Int
    /// Probes without a result yet; 0 unless it is half-open.
    public var probesOut: Int
    /// When the next probe is admitted; nil unless it is open. Once that time has passed, the next task is one.
    public var openUntil: MonotonicTime?
    /// How often it opened in all.
    public var openings: Int
    public var lastOpening: CircuitBreaker.Opening?
    /// How often a task was told to wait.
    public var refused: Int
}
