/// What one result means to a circuit breaker.
public enum BreakerOutcome: Sendable, Hashable, CaseIterable {
    /// `clean` and `findings`, partial ones too: the scanner works.
    case success
    /// A failure of the class `transient`.
    case transient
    /// A failure of the class `critical`.
    case critical
    /// `cancelled` and `invalid_task`: it says nothing about the scanner.
    case nothing

    /// By the kind and the failure class alone: the same table as the verdict's.
    public init(_ kind: VerdictKind, _ failureClass: FailureClass) {
        switch (kind, failureClass) {
        case (.clean, _), (.findings, _): self = .success
        case (.cancelled, _), (.invalidTask, _), (_, .none): self = .nothing
        case (_, .transient): self = .transient
        case (_, .critical): self = .critical
        }
    }

    public init(_ verdict: Verdict) { self.init(verdict.kind, verdict.failureClass) }
}
