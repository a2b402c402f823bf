/// The checks that the catalogue is made of.
enum Expect {
    /// A control: the permitted thing worked, and the run was a success.
    static let allowed: Attack.Check = { seen in
        if seen.kind != .clean { return "it ended as \(seen.kind.rawValue)" }
        return seen.word?.verb == .allowed ? nil : "it was not allowed"
    }

    /// Every call was refused, each with one of these, and the run otherwise went its way.
    static func refused(_ errnos: String...) -> Attack.Check {
        let allowed = Set(errnos)
        return { seen in
            if let problem = word(.refused, seen) { return problem }
            if seen.kind != .clean { return "it was refused, but ended as \(seen.kind.rawValue)" }
            return unexpected(seen, allowed)
        }
    }

    /// The filter killed the program for its call.
    static let killedByFilter: Attack.Check = { seen in
        seen.kind == .seccompViolation ? nil : "the filter did not kill it: \(seen.summary)"
    }

    /// The attack is in place; the run ended with this verdict, and what else is wrong the host's side says.
    static func done(_ kind: VerdictKind = .clean) -> Attack.Check {
        { seen in
            if let problem = word(.done, seen) { return problem }
            return seen.kind == kind ? nil : "it ended as \(seen.kind.rawValue), not \(kind.rawValue)"
        }
    }

    /// The run ended with this verdict, whatever the probe could still say.
    static func ended(_ kind: VerdictKind) -> Attack.Check {
        { seen in seen.kind == kind ? nil : "it ended as \(seen.summary), not \(kind.rawValue)" }
    }

    /// A counter of the kernel's in the verdict's evidence reached `least`.
    static func counted(_ source: String, _ field: String, least: Int64 = 1) -> Attack.Check {
        { seen in
            guard let count = seen.evidence(source, field) else { return "\(source) counted no \(field)" }
            return count >= least ? nil : "\(source) counted \(count) of \(field), not \(least)"
        }
    }

    /// Just these lie in the copy of `/out`.
    static func artifacts(_ paths: String...) -> Attack.Check {
        { seen in
            if seen.artifacts.sorted() != paths.sorted() { return "taken were \(seen.artifacts), not \(paths)" }
            return seen.copied.keys.sorted() == paths.sorted() ? nil : "copied were \(seen.copied.keys.sorted())"
        }
    }

    static func all(_ checks: Attack.Check...) -> Attack.Check {
        { seen in checks.lazy.compactMap { $0(seen) }.first }
    }

    static func word(_ verb: ProbeWord.Verb, _ seen: ProofObservation) -> String? {
        guard let word = seen.word else { return "the probe said nothing, and ended as \(seen.kind.rawValue)" }
        return word.verb == verb ? nil : "the probe said: \(word.text)"
    }

    static func unexpected(_ seen: ProofObservation, _ allowed: Set<String>) -> String? {
        guard let refusals = seen.word?.refusals, !refusals.isEmpty else { return "nothing was tried" }
        guard let other = refusals.first(where: { !allowed.contains($0.errno) }) else { return nil }
        return "\(other.what) was refused with \(other.errno), not \(allowed.sorted().joined(separator: " or "))"
    }
}
