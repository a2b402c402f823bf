/// What came of one attack on this host.
public struct AttackResult: Sendable, Hashable {
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        /// The attack ran, and did nothing that it must not.
        case held
        /// It did, or its control did not work: nothing is proved.
        case failed
        /// The host has not the controller that would hold it.
        case notEnforced = "not enforced"
        /// The kernel has not what is attacked.
        case notApplicable = "not applicable"
    }

    public var name: String
    public var family: Attack.Family
    public var guarantee: String
    public var outcome: Outcome
    /// Why it is not `held`; nil where it is.
    public var reason: String?
    /// The permitted thing beside it worked. False too where it was not run, because what it needs could not be planted.
    public var controlHolds: Bool
    /// What was seen, for people; differs from time to time, and is no part of the hash.
    public var observed: String

    /// For people: a line, and another one where it is not held.
    public var lines: [String] {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let line =
            "\(padded(outcome.rawValue, 15))\(padded(family.rawValue, 11))\(padded(name, 23))\(TerminalText.line(guarantee))"
        guard let reason else { return [line] }
        return [line, "                 why: \(TerminalText.line(reason))"]
    }
}
