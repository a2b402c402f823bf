import CSeccomp

/// Compiles a merged profile with libseccomp and links the parts to one program.
///
/// libseccomp cannot say "this answer under a condition, that one otherwise": of two rules for one call it silently
/// drops the one with conditions. So up to three parts are made, each of which leaves what it does not decide to the next:
///
/// 1. head: numbers above all that the profile names;
/// 2. exceptions: conditional rules of calls that have an answer of their own otherwise;
/// 3. rules: everything else. It decides all the rest.
struct FilterCompiler {
    let profile: SeccompProfile
    let mode: FilterMode

    /// What an undecided call gets in a part that is not the last. No profile can say TRACE, so it means nothing else.
    static let undecided: UInt32 = CSEC_TRACE | 0x7EAD

    /// The filter as it is installed.
    func compile() throws(SeccompPolicyError) -> BPFProgram {
        FilterOptimizer.optimize(try compileUnoptimized(), arch: csec_native_audit_arch())
    }

    /// The filter as libseccomp wrote its parts: what the optimizer is tested against.
    func compileUnoptimized() throws(SeccompPolicyError) -> BPFProgram {
        let fallback = mode.answer(for: profile.defaultAction)
        var exceptions: [csec_rule] = []
        var rules: [csec_rule] = []
        for entry in profile.entries.values.sorted(by: { $0.syscall.number < $1.syscall.number }) {
            let otherwise = mode.answer(for: entry.otherwise ?? profile.defaultAction)
            let conditional = entry.conditional.map { mode.answer(for: $0) }
            // A rule that says what holds anyway is left out: libseccomp refuses it, and every instruction costs each launch.
            if otherwise != fallback { rules.append(native(entry.syscall, otherwise, [])) }
            guard let conditional, conditional != otherwise else { continue }
            for match in entry.matches.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let rule = native(entry.syscall, conditional, match)
                if otherwise == fallback { rules.append(rule) } else { exceptions.append(rule) }
            }
        }
        var parts: [BPFProgram] = []
        if !exceptions.isEmpty { parts.append(try program(FilterCompiler.undecided, exceptions)) }
        parts.append(try program(fallback.returnValue, rules))
        if let newer = profile.newerAction.map({ mode.answer(for: $0) }), newer != fallback {
            parts.insert(head(newer), at: 0)
        }
        return try link(parts)
    }

    private func native(_ syscall: NamedSyscall, _ action: SeccompAction, _ conditions: [ArgumentCondition])
        -> csec_rule
    {
        var rule = csec_rule()
        rule.syscall = syscall.number
        rule.action = action.returnValue
        rule.condition_count = UInt32(conditions.count)
        withUnsafeMutableBytes(of: &rule.conditions) { raw in
            let slots = raw.bindMemory(to: csec_condition.self)
            for (index, condition) in conditions.enumerated() { slots[index] = condition.native }
        }
        return rule
    }

    private func program(_ fallback: UInt32, _ rules: [csec_rule]) throws(SeccompPolicyError) -> BPFProgram {
        var failure = csec_failure()
        var bytes = [UInt8](repeating: 0, count: BPFProgram.lengthLimit * 8)
        let size = bytes.withUnsafeMutableBytes { buffer in
            csec_compile(fallback, rules, rules.count, buffer.baseAddress, buffer.count, &failure)
        }
        if size < 0 {
            let rule = failure.rule < 0 ? nil : rules[Int(failure.rule)]
            let what = rule.map { profile.entries[$0.syscall]?.syscall.name ?? "\($0.syscall)" }
            throw error("libseccomp: \(what.map { "\($0): " } ?? "")errno \(-failure.code)")
        }
        bytes.removeLast(bytes.count - size)
        guard let program = BPFProgram(bytes: bytes) else {
            throw error("libseccomp gave \(size) bytes, which is no program")
        }
        return program
    }

    /// Numbers above all named ones, but below x32's: those, like foreign architectures, are for libseccomp's own head to kill.
    private func head(_ newer: SeccompAction) -> BPFProgram {
        BPFProgram([
            BPFInstruction(BPFInstruction.loadAbsolute, 4),
            BPFInstruction(BPFInstruction.jumpEqual, csec_native_audit_arch(), jumpFalse: 4),
            BPFInstruction(BPFInstruction.loadAbsolute, 0),
            BPFInstruction(BPFInstruction.jumpGreater, UInt32(bitPattern: profile.highestNumber), jumpFalse: 2),
            BPFInstruction(BPFInstruction.jumpGreaterOrEqual, 0x4000_0000, jumpTrue: 1),
            BPFInstruction(BPFInstruction.ret, newer.returnValue),
            BPFInstruction(BPFInstruction.ret, FilterCompiler.undecided),
        ])
    }

    /// Puts the parts one behind the other and turns "undecided" into a jump to the next part.
    private func link(_ parts: [BPFProgram]) throws(SeccompPolicyError) -> BPFProgram {
        var linked: [BPFInstruction] = []
        for (number, part) in parts.enumerated() {
            let count = part.instructions.count
            for (offset, instruction) in part.instructions.enumerated() {
                let isUndecided =
                    instruction.code == BPFInstruction.ret && instruction.value == FilterCompiler.undecided
                if isUndecided && number < parts.count - 1 {
                    linked.append(BPFInstruction(BPFInstruction.jump, UInt32(count - offset - 1)))
                } else {
                    linked.append(instruction)
                }
            }
        }
        if linked.count > BPFProgram.lengthLimit {
            throw error("a filter of \(linked.count) instructions; 4096 is the kernel's limit")
        }
        return BPFProgram(linked)
    }

    private func error(_ reason: String) -> SeccompPolicyError {
        SeccompPolicyError(.compilation, SourcePosition(file: profile.name), reason)
    }
}
