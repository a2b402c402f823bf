import CSeccompTestSupport
import Glibc
import SeccompPolicy
import SystemSupport
import Testing

/// What a run under the notify variant would have been refused.
@Suite struct RefusalRecorderTests {
    private func listen(_ calls: [SandboxedCall], times: CInt) throws -> (recorder: RefusalRecorder, child: pid_t) {
        let notify = try Shipped.profiles.filter(named: "default", mode: .notify)
        var natives = calls.map(\.native)
        var listener: CInt = -1
        var child: pid_t = -1
        let result = notify.bpf.withUnsafeBytes {
            csts_listen($0.baseAddress, $0.count, &natives, natives.count, times, &listener, &child)
        }
        try #require(result == 0, "errno \(-result)")
        let enforcing = try Shipped.profiles.filter(named: "default")
        return (try RefusalRecorder(listener: OwnedDescriptor(owning: listener), enforcing: enforcing), child)
    }

    @Test func refusedCallsAreCountedWithTheirAnswerAndGoOn() throws {
        let calls = try [
            SandboxedCall("mount", 7, 0, 0, 0, 0), SandboxedCall("io_uring_setup", 0, 0), SandboxedCall("getppid"),
            SandboxedCall("socket", 2, 1, 0), SandboxedCall("socket", 1, 1, 0), SandboxedCall("delete_module", 0, 0),
            SandboxedCall("mount", 0, 0, 0, 0, 0),
        ]
        let (recorder, child) = try listen(calls, times: 3)
        var status: CInt = -1
        #expect(csts_wait(child, &status) == 0)
        // Every call came back, that which kills when enforced too.
        #expect(status == 0)
        let refusals = recorder.finish()
        #expect(refusals.map(\.name) == ["mount", "socket", "delete_module", "io_uring_setup"])
        #expect(refusals.map(\.count) == [6, 3, 3, 3])
        #expect(refusals.map(\.action) == [.errno(EPERM), .errno(EAFNOSUPPORT), .killProcess, .errno(ENOSYS)])
        #expect(refusals.first?.firstArguments.first == 7)
        #expect(recorder.failure == nil && recorder.uncounted == 0)
        #expect(recorder.finish() == refusals)
    }

    @Test func numbersWithoutANameAreCountedAndBounded() throws {
        let calls = (0..<1100).map { SandboxedCall(number: 100_000 + Int64($0)) }
        let (recorder, child) = try listen(calls, times: 1)
        var status: CInt = -1
        #expect(csts_wait(child, &status) == 0)
        let refusals = recorder.finish()
        #expect(refusals.count == 1024 && recorder.uncounted == 76)
        #expect(refusals.allSatisfy { $0.name == nil && $0.action == .errno(ENOSYS) })
    }

    @Test func foreignEntryIsKilledInEveryMode() throws {
        for mode in FilterMode.allCases {
            let filter = try Shipped.profiles.filter(named: "default", mode: mode)
            #expect(filter.action(for: SeccompCall(number: 0, arch: 0x4000_0003)) == .killProcess)
        }
        #if arch(x86_64)
            let log = try Shipped.profiles.filter(named: "default", mode: .log)
            #expect(try SandboxedCall(number: 0x4000_0000 | 39).run(under: log) == .signaled(SIGSYS))
        #endif
    }

    @Test func theLogVariantRefusesNothing() throws {
        let log = try Shipped.profiles.filter(named: "default", mode: .log)
        // A bad descriptor and a bad address: the kernel's answers, where enforcing gives EPERM and death.
        #expect(
            try SandboxedCall("setns", UInt64(UInt32(bitPattern: -1)), 0).run(under: log) == .returned(-Int64(EBADF)))
        #expect(try SandboxedCall("prlimit64", 1 << 30, 7, 0, 0).run(under: log) == .returned(-Int64(ESRCH)))
        #expect(try SandboxedCall("clone3", 0, 0).run(under: log) == .returned(-Int64(EINVAL)))
    }

    @Test func aKilledRunEndsTheRecorder() throws {
        let (recorder, child) = try listen([SandboxedCall("pause")], times: 1)
        #expect(kill(child, SIGKILL) == 0)
        var status: CInt = -1
        #expect(csts_wait(child, &status) == 0)
        #expect(recorder.finish().isEmpty)
        #expect(recorder.failure == nil)
    }

    @Test func finishingEarlyDoesNotWaitForTheRun() throws {
        let (recorder, child) = try listen([SandboxedCall("pause")], times: 1)
        #expect(recorder.finish().isEmpty)
        #expect(kill(child, SIGKILL) == 0)
        var status: CInt = -1
        #expect(csts_wait(child, &status) == 0)
    }

    @Test func namesAndNumbersBelongTogether() throws {
        for name in ["read", "openat2", "clone3", "execveat", "io_uring_setup"] {
            #expect(SyscallName.name(for: try SyscallName.number(for: name)) == name)
        }
        #expect(
            SyscallName.name(for: 100_000) == nil && SyscallName.name(for: -1) == nil
                && SyscallName.name(for: -101) == nil)
    }
}
