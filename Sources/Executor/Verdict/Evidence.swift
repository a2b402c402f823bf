/// One observation that a verdict rests on, or that stands beside it.
public struct Evidence: Sendable, Hashable {
    /// Where it was read: `memory.events`, `wait status`, `supervisor`, `profile`.
    public var source: String
    /// The field there, such as `oom_kill`.
    public var field: String?
    /// The value before the run, where there is one.
    public var before: Int64?
    /// The value after it.
    public var after: Int64?
    /// One sentence for people, without a full stop.
    public var text: String

    public init(source: String, field: String? = nil, before: Int64? = nil, after: Int64? = nil, text: String) {
        self.source = source
        self.field = field
        self.before = before
        self.after = after
        self.text = text
    }
}
