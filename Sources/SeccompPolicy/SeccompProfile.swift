import SystemSupport

/// A profile with its includes merged in: what each system call gets, and what all the others get.
///
/// For each call there is at most one answer under conditions and one without: when any of its conditional rules matches,
/// the first; otherwise the second; and the default where there is none. That is what makes two rules a conflict.
public struct SeccompProfile: Sendable {
    /// What a profile says about one system call.
    public struct Entry: Sendable {
        public var syscall: NamedSyscall
        /// The answer where no condition holds; nil for the profile's default.
        public var otherwise: SeccompAction?
        /// The answer where all conditions of any one of `matches` hold.
        public var conditional: SeccompAction?
        public var matches: Set<[ArgumentCondition]> = []
        var otherwisePosition: SourcePosition?
        var conditionalPosition: SourcePosition?

        init(syscall: NamedSyscall) { self.syscall = syscall }
    }

    public let name: String
    /// For numbers that no rule names and that are not newer than all of them.
    public internal(set) var defaultAction: SeccompAction
    /// For numbers above every one that the profile names: calls that are younger than the profile. Nil: the default.
    public internal(set) var newerAction: SeccompAction?
    /// By number.
    public private(set) var entries: [Int32: Entry] = [:]

    init(name: String, defaultAction: SeccompAction) {
        self.name = name
        self.defaultAction = defaultAction
    }

    /// The highest number that a rule names; -1 without rules.
    public var highestNumber: Int32 { entries.keys.max() ?? -1 }

    /// Adds a rule's answer for each of its calls, or throws `.conflict` where another rule has said otherwise.
    mutating func add(_ rule: SeccompRule) throws(SeccompPolicyError) {
        for syscall in rule.syscalls {
            var entry = entries[syscall.number] ?? Entry(syscall: syscall)
            if rule.conditions.isEmpty {
                try check(entry.otherwise, entry.otherwisePosition, rule, syscall, "")
                entry.otherwise = rule.action
                entry.otherwisePosition = entry.otherwisePosition ?? rule.position
            } else {
                try check(entry.conditional, entry.conditionalPosition, rule, syscall, " with args")
                entry.conditional = rule.action
                entry.conditionalPosition = entry.conditionalPosition ?? rule.position
                entry.matches.insert(rule.conditions)
            }
            entries[syscall.number] = entry
        }
    }

    private func check(
        _ existing: SeccompAction?, _ position: SourcePosition?, _ rule: SeccompRule, _ syscall: NamedSyscall,
        _ kind: String
    ) throws(SeccompPolicyError) {
        guard let existing, let position, existing != rule.action else { return }
        throw SeccompPolicyError(
            .conflict, rule.position,
            "\(rule.action) for \(Quoted.text(syscall.name))\(kind) conflicts with \(existing) at \(position)")
    }

    /// The profile as text that does not depend on comments, order, includes or how a number was written: one line for each
    /// answer, by name. Equal texts give equal filters on one version of libseccomp.
    public var canonicalText: String {
        var lines = ["default \(defaultAction)", "newer than \(highestNumber) \(newerAction ?? defaultAction)"]
        for entry in entries.values.sorted(by: { $0.syscall.name < $1.syscall.name }) {
            if let conditional = entry.conditional {
                let matches = entry.matches.map { $0.map(\.description).joined(separator: " and ") }.sorted()
                for match in matches { lines.append("\(entry.syscall.name) if \(match) \(conditional)") }
            }
            if let otherwise = entry.otherwise { lines.append("\(entry.syscall.name) \(otherwise)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// SHA-256 of ``canonicalText``, in hexadecimal: what a report cites as the profile's identity.
    public var sha256: String { SHA256.hex(SHA256.digest(canonicalText.utf8)) }
}
