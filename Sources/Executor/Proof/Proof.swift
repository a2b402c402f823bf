import SystemSupport

/// What held on a host, by attack.
public struct Proof: Sendable, Hashable {
    public static let schema = "scan-executor/proof/1"

    public var facts: ProofFacts
    public var results: [AttackResult]

    /// True where nothing failed, and all that is not enforced is allowed not to be.
    public func holds(under mode: HostSettings.EnforcementMode) -> Bool { problem(under: mode) == nil }

    /// What is wanting of `attacks`, in one sentence; nil where nothing is.
    public func problem(
        of attacks: [Attack] = Attack.catalogue, under mode: HostSettings.EnforcementMode
    ) -> String? {
        func names(_ outcome: AttackResult.Outcome) -> String? {
            let names = results.filter { $0.outcome == outcome }.map(\.name)
            return names.isEmpty ? nil : names.joined(separator: ", ")
        }
        let missing = attacks.map(\.name).filter { name in !results.contains { $0.name == name } }
        if !missing.isEmpty { return "\(missing.joined(separator: ", ")) is not proved" }
        if let failed = names(.failed) { return "\(failed) did not hold" }
        if let result = results.first(where: { $0.outcome != .notApplicable && !$0.controlHolds }) {
            return "the control of \(result.name) failed"
        }
        if mode == .require, let open = names(.notEnforced) {
            return "\(open) is not enforced on this host and enforcement is require"
        }
        return nil
    }

    public func count(_ outcome: AttackResult.Outcome) -> Int { results.count { $0.outcome == outcome } }

    /// One line, for people.
    public var summary: String {
        AttackResult.Outcome.allCases.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ")
    }

    /// Of ``canonical``: the same result on the same host has the same hash.
    public var sha256: String { SHA256.hex(SHA256.digest(canonical.utf8)) }

    /// What is hashed, in one line: the host's facts, and for each attack what came of it. No times, no figures, and of a
    /// failure no words, which differ from time to time.
    public var canonical: String {
        var writer = JSONWriter()
        writer.object { writer in write(to: &writer, isCanonical: true) }
        return writer.text
    }

    /// For programs: the same, with what is guaranteed and what was seen, and the hash.
    public func json(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            write(to: &writer, isCanonical: false)
            writer.object("counts") { writer in
                for outcome in AttackResult.Outcome.allCases {
                    writer.integer(outcome.rawValue.replacing(" ", with: "_"), count(outcome))
                }
            }
            writer.string("sha256", sha256)
        }
        return writer.text
    }

    private func write(to writer: inout JSONWriter, isCanonical: Bool) {
        writer.string("schema", Self.schema)
        writer.object("host") { writer in
            writer.string("kernel", facts.kernel)
            writer.string("architecture", facts.architecture)
            writer.string("executor_version", facts.executorVersion)
            writer.integer("landlock_abi", facts.landlockABI)
            writer.string("filter_sha256", facts.filterSHA256)
            writer.string("network_filter_sha256", facts.networkFilterSHA256)
            writer.string("probe_sha256", facts.probeSHA256)
            writer.array("controllers") { writer in
                for controller in facts.controllers { writer.string(nil, controller) }
            }
        }
        writer.array("attacks") { writer in
            for result in results {
                writer.object { writer in
                    writer.string("name", result.name)
                    writer.string("family", result.family.rawValue)
                    writer.string("outcome", result.outcome.rawValue)
                    writer.boolean("control", result.controlHolds)
                    if !isCanonical || result.outcome != .failed { writer.string("reason", result.reason) }
                    if isCanonical { return }
                    writer.string("guarantee", result.guarantee)
                    writer.string("observed", result.observed)
                }
            }
        }
    }
}
