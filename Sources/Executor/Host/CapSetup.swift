import CgroupV2

/// Puts a host's caps in force, and keeps what the kernel did not take.
struct CapSetup: Sendable {
    /// One cap that does not hold.
    struct Missing: Sendable {
        /// Nil: of all types.
        var type: String?
        var fact: LimitFact

        var name: String { type.map { "all \($0) scans together" } ?? "all scans together" }
    }

    let missing: [Missing]

    /// Nothing where `caps` is nil. Under `require`, a cap that does not hold is an error.
    init(_ caps: HostCaps?, _ tree: CgroupTree, _ mode: HostSettings.EnforcementMode) throws {
        var missing: [Missing] = []
        if let caps {
            missing += Self.notHeld(tree.capFacts, nil)
            for (type, own) in caps.types.sorted(by: { $0.key < $1.key }) {
                missing += Self.notHeld(try tree.setCaps(type: type, own.cgroup), type)
            }
        }
        if mode == .require, let first = missing.first {
            throw ExecutorError(
                .enforcement,
                "the cap \(first.fact.value) in \(first.fact.file) of \(first.name) cannot be enforced on this host and "
                    + "enforcement is require: \(first.fact.failure?.advice ?? "the kernel refused it"), take the cap out "
                    + "of the configuration, or choose --enforcement best-effort")
        }
        self.missing = missing
    }

    /// A cap that could not be lifted was not asked for.
    private static func notHeld(_ facts: [LimitFact], _ type: String?) -> [Missing] {
        facts.missing.filter { !$0.value.hasPrefix("max") }.map { Missing(type: type, fact: $0) }
    }

    /// Says of a run of `type` which caps above it do not hold.
    func note(in enforcement: inout Enforcement, type: String) {
        for cap in missing where cap.type == nil || cap.type == type {
            let subject: Enforcement.Subject? =
                switch cap.fact.file.controller {
                case .cpu: .cpu
                case .memory: .memory
                case .pids: .pids
                case .io, .cpuset: nil
                }
            guard let subject else { continue }
            let text = "the cap of \(cap.name), \(cap.fact.value) in \(cap.fact.file), is not enforced"
            enforcement.notes[subject] = enforcement.notes[subject].map { "\($0); \(text)" } ?? text
        }
    }
}
