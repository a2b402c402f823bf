import CSeccomp

/// A comparison of one argument of a system call, as seccomp_rule_add(3) has it.
///
/// Registers have 64 bits, and so has every comparison. Where the kernel takes an `int` it ignores the upper half, and a
/// caller may put anything there: such an argument needs `eq32` (or `masked_eq` with a mask of 32 bits).
public struct ArgumentCondition: Sendable, Hashable, Comparable {
    public enum Comparison: String, Sendable, CaseIterable {
        case notEqual = "ne"
        case less = "lt"
        case lessOrEqual = "le"
        case equal = "eq"
        case greaterOrEqual = "ge"
        case greater = "gt"
        /// (argument & mask) == value.
        case maskedEqual = "masked_eq"
    }

    /// 0 to 5.
    public var index: Int
    public var comparison: Comparison
    /// All bits, except with ``Comparison/maskedEqual``.
    public var mask: UInt64
    public var value: UInt64

    public init(index: Int, comparison: Comparison, mask: UInt64 = .max, value: UInt64) {
        self.index = index
        self.comparison = comparison
        self.mask = mask
        self.value = value
    }

    /// By argument first: the order in which a canonical profile lists them.
    public static func < (left: ArgumentCondition, right: ArgumentCondition) -> Bool {
        (left.index, left.comparison.rawValue, left.mask, left.value)
            < (right.index, right.comparison.rawValue, right.mask, right.value)
    }

    var native: csec_condition {
        csec_condition(
            argument: UInt32(index), comparison: UInt32(comparison.native.rawValue), mask: mask, value: value)
    }
}

extension ArgumentCondition: CustomStringConvertible {
    /// `arg0 & 0x7E020000 == 0x0`.
    public var description: String {
        func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16, uppercase: true) }
        return switch comparison {
        case .maskedEqual: "arg\(index) & \(hex(mask)) == \(hex(value))"
        default: "arg\(index) \(comparison.rawValue) \(hex(value))"
        }
    }
}

extension ArgumentCondition.Comparison {
    var native: csec_comparison {
        switch self {
        case .notEqual: CSEC_NOT_EQUAL
        case .less: CSEC_LESS
        case .lessOrEqual: CSEC_LESS_OR_EQUAL
        case .equal: CSEC_EQUAL
        case .greaterOrEqual: CSEC_GREATER_OR_EQUAL
        case .greater: CSEC_GREATER
        case .maskedEqual: CSEC_MASKED_EQUAL
        }
    }
}
