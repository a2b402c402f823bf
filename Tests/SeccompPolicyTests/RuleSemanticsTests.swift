import CSeccomp
import Glibc
import SeccompPolicy
import Testing

/// What rules mean, asked of the compiled filter.
@Suite struct RuleSemanticsTests {
    private func answer(_ filter: CompiledFilter, _ name: String, _ arguments: UInt64...) throws -> SeccompAction? {
        let number = try SyscallName.number(for: name)
        return filter.action(for: SeccompCall(number: number, arch: csec_native_audit_arch(), arguments: arguments))
    }

    private func filter(_ rules: String, default action: String = "{errno: EPERM}") throws -> CompiledFilter {
        try ProfileDirectory(["test.yaml": "default: \(action)\nrules:\n\(rules)"]).filter()
    }

    @Test func anExceptionHoldsBesideARuleForTheRest() throws {
        // libseccomp alone would drop the first rule here.
        let filter = try filter(
            """
              - {action: {errno: EPERM}, syscalls: [ioctl], args: [{index: 1, op: eq32, value: 0x5412}]}
              - {action: allow, syscalls: [ioctl, read]}
            """)
        #expect(try answer(filter, "ioctl", 0, 0x5412) == .errno(EPERM))
        #expect(try answer(filter, "ioctl", 0, 0x5412 | 1 << 40) == .errno(EPERM))
        #expect(try answer(filter, "ioctl", 0, 0x5413) == .allow)
        #expect(try answer(filter, "read") == .allow)
        #expect(try answer(filter, "write") == .errno(EPERM))
    }

    @Test func allConditionsOfARuleHoldAndAnyRuleIsEnough() throws {
        let filter = try filter(
            """
              - {action: allow, syscalls: [socket], args: [{index: 0, op: eq, value: 2}, {index: 1, op: masked_eq, mask: 0xF, value: 1}]}
              - {action: allow, syscalls: [socket], args: [{index: 0, op: eq, value: 1}]}
              - {action: {errno: EAFNOSUPPORT}, syscalls: [socket]}
            """)
        #expect(try answer(filter, "socket", 2, 0x80001) == .allow)
        #expect(try answer(filter, "socket", 1, 7) == .allow)
        #expect(try answer(filter, "socket", 2, 2) == .errno(EAFNOSUPPORT))
        #expect(try answer(filter, "socket", 3, 1) == .errno(EAFNOSUPPORT))
        // eq is of 64 bits.
        #expect(try answer(filter, "socket", 1 | 1 << 32, 7) == .errno(EAFNOSUPPORT))
    }

    @Test(
        arguments: [
            ("eq", 5, [5], [4, 6, 5 | 1 << 32]), ("ne", 5, [4, 5 | 1 << 32], [5]), ("lt", 5, [0, 4], [5, 6, .max]),
            ("le", 5, [0, 5], [6, 1 << 32]), ("gt", 5, [6, 1 << 32, .max], [0, 5]), ("ge", 5, [5, 6, .max], [0, 4]),
            ("eq32", 5, [5, 5 | 1 << 32], [4, 6]), ("lt", 1 << 33, [0, 1 << 32], [1 << 33, .max]),
        ] as [(String, UInt64, [UInt64], [UInt64])])
    func comparisonsMeanWhatTheySay(op: String, value: UInt64, matching: [UInt64], others: [UInt64]) throws {
        let filter = try filter(
            "  - {action: allow, syscalls: [close], args: [{index: 2, op: \(op), value: \(value)}]}")
        for argument in matching { #expect(try answer(filter, "close", 0, 0, argument) == .allow, "\(argument)") }
        for argument in others { #expect(try answer(filter, "close", 0, 0, argument) == .errno(EPERM), "\(argument)") }
    }

    @Test func rulesThatRepeatTheDefaultCostNothing() throws {
        let short = try filter("  - {action: allow, syscalls: [read]}")
        let long = try filter(
            """
              - {action: allow, syscalls: [read]}
              - {action: {errno: EPERM}, syscalls: [mount, ptrace, bpf]}
              - {action: {errno: EPERM}, syscalls: [clone], args: [{index: 0, op: eq, value: 1}]}
            """)
        #expect(short.bpf == long.bpf)
        #expect(short.sha256 != long.sha256)
    }

    @Test func everyDefaultCompiles() throws {
        for (text, action) in [
            ("allow", .allow), ("log", .log), ("kill_process", .killProcess), ("{errno: ENOSYS}", .errno(ENOSYS)),
        ] as [(String, SeccompAction)] {
            #expect(try answer(filter("  - {action: allow, syscalls: [read]}", default: text), "write") == action)
        }
    }

    @Test func variantsChangeRefusalsAlone() throws {
        let directory = try ProfileDirectory([
            "test.yaml": """
            default: {errno: EPERM}
            newer: kill_process
            rules:
              - {action: allow, syscalls: [read]}
              - {action: log, syscalls: [write]}
              - {action: kill_process, syscalls: [mount]}
              - {action: allow, syscalls: [clone], args: [{index: 0, op: eq, value: 1}]}
            """
        ])
        for (mode, refused) in [(.notify, .notify), (.log, .log)] as [(FilterMode, SeccompAction)] {
            let filter = try directory.filter("test", mode)
            #expect(try answer(filter, "read") == .allow)
            #expect(try answer(filter, "write") == .log)
            #expect(try answer(filter, "clone", 1) == .allow)
            for name in ["mount", "ptrace", "clone"] { #expect(try answer(filter, name, 2) == refused) }
            #expect(filter.action(for: SeccompCall(number: 5000, arch: csec_native_audit_arch())) == refused)
        }
    }
}
