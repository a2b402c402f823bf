import CSeccomp
import Testing

@testable import SeccompPolicy

/// The small program answers every call as libseccomp's own does.
@Suite struct FilterOptimizerTests {
    private let arch = csec_native_audit_arch()

    /// Each number that can matter with each argument that can.
    private func expectSameAnswers(_ profile: SeccompProfile, _ mode: FilterMode) throws {
        let compiler = FilterCompiler(profile: profile, mode: mode)
        let original = try compiler.compileUnoptimized()
        let optimized = try compiler.compile()
        var differences = 0
        func compare(_ call: SeccompCall) {
            let expected = BPFInterpreter.run(original, on: call)
            if expected == nil || BPFInterpreter.run(optimized, on: call) != expected { differences += 1 }
        }
        let edges: [Int32] = [511, 512, 547, 548, 1023, 0x3FFF_FFFF, 0x4000_0000, 0x4000_0027, 0x7FFF_FFFF, -2, -1]
        for number in Array(0...profile.highestNumber + 2) + edges {
            compare(SeccompCall(number: number, arch: arch))
            compare(SeccompCall(number: number, arch: arch ^ 0x4000_0000))
            compare(SeccompCall(number: number, arch: arch, arguments: [UInt64](repeating: .max, count: 6)))
            for arguments in interestingArguments(profile.entries[number]) {
                compare(SeccompCall(number: number, arch: arch, arguments: arguments))
            }
        }
        #expect(differences == 0)
        #expect(optimized.instructions.count <= original.instructions.count)
    }

    /// For each rule: what it matches, and that with one thing changed.
    private func interestingArguments(_ entry: SeccompProfile.Entry?) -> [[UInt64]] {
        var result: [[UInt64]] = []
        for match in entry?.matches ?? [] {
            var base = [UInt64](repeating: 0, count: 6)
            for condition in match { base[condition.index] = condition.value }
            result.append(base)
            for condition in match {
                for bit in [0, 1, 4, 17, 30, 31, 32, 63] as [UInt64] {
                    var changed = base
                    changed[condition.index] ^= 1 << bit
                    result.append(changed)
                }
                for value in [condition.value &+ 1, condition.value &- 1, condition.value << 32, 0, .max] {
                    var changed = base
                    changed[condition.index] = value
                    result.append(changed)
                }
            }
        }
        return result
    }

    @Test(arguments: ["default", "network"], FilterMode.allCases)
    func shippedProfilesKeepTheirAnswers(name: String, mode: FilterMode) throws {
        try expectSameAnswers(try Shipped.profiles.profile(named: name), mode)
    }

    /// Rules drawn by a fixed generator: every comparison, several conditions, all kinds of otherwise.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func drawnProfilesKeepTheirAnswers(seed: UInt64) throws {
        var draw = Draw(state: seed)
        let actions: [SeccompAction] = [.allow, .errno(1), .errno(38), .killProcess, .log]
        var profile = SeccompProfile(name: "drawn", defaultAction: draw.one(of: actions))
        if draw.next(2) == 0 { profile.newerAction = draw.one(of: actions) }
        for number in 0..<Int32(20 + draw.next(300)) where draw.next(3) > 0 {
            let syscall = NamedSyscall(name: "call\(number)", number: number)
            func rule(_ action: SeccompAction, _ conditions: [ArgumentCondition]) -> SeccompRule {
                SeccompRule(
                    action: action, syscalls: [syscall], conditions: conditions, position: SourcePosition(file: "drawn")
                )
            }
            if draw.next(4) > 0 { try profile.add(rule(draw.one(of: actions), [])) }
            if draw.next(6) > 0 { continue }
            let action = draw.one(of: actions)
            for _ in 0...draw.next(3) {
                var conditions: [ArgumentCondition] = []
                for index in 0..<6 where draw.next(4) == 0 {
                    let value = draw.one(of: [0, 1, 5, 0x5412, 1 << 31, 1 << 40, UInt64.max])
                    let comparison = draw.one(of: ArgumentCondition.Comparison.allCases)
                    let mask =
                        comparison == .maskedEqual ? draw.one(of: [0xF, 0xFFFF_FFFF, 1 << 40, UInt64.max]) : .max
                    conditions.append(
                        ArgumentCondition(index: index, comparison: comparison, mask: mask, value: value & mask))
                }
                if !conditions.isEmpty { try profile.add(rule(action, conditions)) }
            }
        }
        try expectSameAnswers(profile, .enforce)
    }

    @Test func theDefaultFilterStaysSmall() throws {
        // libseccomp's own has some 420; installing costs in proportion.
        #expect(try Shipped.profiles.filter(named: "default").instructionCount < 160)
    }

    @Test func aProgramOfAnotherKindIsLeftAlone() {
        let allow = BPFProgram([BPFInstruction(BPFInstruction.ret, CSEC_ALLOW)])
        #expect(FilterOptimizer.optimize(allow, arch: arch) == allow)
        // The architecture is compared, but a foreign one is let in.
        let open = BPFProgram([
            BPFInstruction(BPFInstruction.loadAbsolute, 4),
            BPFInstruction(BPFInstruction.jumpEqual, arch, jumpFalse: 1),
            BPFInstruction(BPFInstruction.ret, CSEC_KILL_PROCESS), BPFInstruction(BPFInstruction.ret, CSEC_ALLOW),
        ])
        #expect(FilterOptimizer.optimize(open, arch: arch) == open)
    }

    /// A linear congruential generator: the same rules on every machine.
    private struct Draw {
        var state: UInt64

        mutating func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }

        mutating func one<Value>(of values: [Value]) -> Value { values[Int(next(UInt64(values.count)))] }
    }
}
