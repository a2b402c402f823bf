/// A rule of a profile as it was written.
public struct SeccompRule: Sendable, Equatable {
    public var action: SeccompAction
    /// Each with the number it has here; names that were optional and are unknown are left out.
    public var syscalls: [NamedSyscall]
    /// All must hold, at most one an argument. Empty: the rule is for every call.
    public var conditions: [ArgumentCondition]
    public var position: SourcePosition
}

/// A system call: its name, and its number on the native architecture.
public struct NamedSyscall: Sendable, Hashable {
    public var name: String
    public var number: Int32
}

/// One file, read and checked, with its includes still by name.
struct ProfileDocument: Sendable {
    var name: String?
    var includes: [(path: String, position: SourcePosition)] = []
    var defaultAction: (action: SeccompAction, position: SourcePosition)?
    var newerAction: (action: SeccompAction, position: SourcePosition)?
    var rules: [SeccompRule] = []
}
