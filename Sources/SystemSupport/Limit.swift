/// A limit as the kernel has it: a value, or `max`, which means no limit.
public enum Limit<Value: Sendable & Hashable>: Sendable, Hashable {
    case value(Value)
    case max

    /// The value, or nil for `max`.
    public var finite: Value? {
        if case .value(let value) = self { value } else { nil }
    }
}

extension Limit: CustomStringConvertible {
    public var description: String {
        switch self {
        case .value(let value): "\(value)"
        case .max: "max"
        }
    }
}
