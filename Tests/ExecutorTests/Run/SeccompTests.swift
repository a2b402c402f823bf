import Glibc
import ProcessSupervisor
import SeccompPolicy
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// The shipped default filter, in the sandbox that it is made for.
    @Suite struct SeccompTests {
        /// System calls by x86-64 number with what they get: 0 for allowed, else an errno; -1 dies.
        private static let calls: [(name: String, number: Int, arguments: [Int], errno: CInt)] = [
            ("mount", 165, [0, 0, 0, 0, 0], EPERM), ("unshare", 272, [0x1000_0000], EPERM),
            ("ptrace", 101, [0, 0, 0, 0], EPERM),
            ("setns", 308, [0, 0], EPERM), ("pivot_root", 155, [0, 0], EPERM), ("chroot", 161, [0], EPERM),
            ("bpf", 321, [0, 0, 0], EPERM), ("perf_event_open", 298, [0, 0, 0, 0, 0], EPERM),
            ("keyctl", 250, [0, 0, 0], EPERM), ("add_key", 248, [0, 0, 0, 0, 0], EPERM),
            ("userfaultfd", 323, [0], EPERM),
            ("process_vm_readv", 310, [1, 0, 0, 0, 0, 0], EPERM), ("open_by_handle_at", 304, [0, 0, 0], EPERM),
            ("fsopen", 430, [0, 0], EPERM), ("syslog", 103, [2, 0, 0], EPERM), ("sethostname", 170, [0, 0], EPERM),
            ("setuid", 105, [0], EPERM), ("clone with a user namespace", 56, [0x1000_0000 | 17], EPERM),
            ("clone3", 435, [0, 0], ENOSYS), ("io_uring_setup", 425, [1, 0], ENOSYS),
            ("io_uring_enter", 426, [0, 0, 0, 0, 0, 0], ENOSYS),
            ("AF_INET socket", 41, [2, 1, 0], EAFNOSUPPORT), ("packet socket", 41, [17, 3, 0], EAFNOSUPPORT),
            ("mknod of a device", 133, [0, 0o020666, 0x103], EPERM),
            // The controls.
            ("getpid", 39, [], 0), ("AF_UNIX socket", 41, [1, 1, 0], 0), ("uname", 63, [1], EFAULT),
            ("personality that asks", 135, [0xffff_ffff], 0), ("sched_yield", 24, [], 0),
        ]

        private static func script(_ number: Int, _ arguments: [Int]) -> String {
            let list = ([number] + arguments).map(String.init).joined(separator: ", ")
            return "$! = 0; my $r = syscall(\(list)); print $r < 0 ? $! + 0 : 0, qq(\\n);"
        }

        @Test func refusedCallsGetTheirErrnoAndPermittedOnesWork() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                perl(Self.calls.map { Self.script($0.number, $0.arguments) }.joined(separator: "\n")), on: host)
            #expect(run.kind == .clean, run.explanation)
            try #require(run.lines.count == Self.calls.count, run.explanation)
            for (call, answer) in zip(Self.calls, run.lines) { #expect(answer == "\(call.errno)", "\(call.name)") }
            #expect(run.report.seccomp?.name == "default")
            #expect(run.report.enforcement.means[.seccomp] == .kernel)
        }

        @Test(arguments: [(246, "kexec_load"), (175, "init_module"), (154, "modify_ldt")])
        func callsOfAttacksOnlyAreDeadlyAndCritical(number: Int, name: String) async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(perl(Self.script(number, [0, 0, 0, 0])), on: host)
            #expect(run.kind == .seccompViolation, run.explanation)
            #expect(run.report.verdict.failureClass == .critical)
            #expect(run.report.verdict.signal == SIGSYS)
        }

        @Test(
            .enabled(if: RunFixture.kernelNamesFilteredCalls, "needs the kernel's log, with audit"),
            arguments: [(246, "kexec_load"), (175, "init_module"), (154, "modify_ldt")])
        func theKernelsLogNamesTheDeadlyCall(number: Int, name: String) async throws {
            let host = try await RunFixture.host()
            // printk's rate limit keeps lines out after many others; its window is five seconds.
            for attempt in 0..<6 {
                let run = try await outcome(perl(Self.script(number, [0, 0, 0, 0])), on: host)
                if run.report.verdict.syscall == nil && attempt < 5 {
                    let word = try #require(run.evidence("kernel log", "syscall"), run.explanation)
                    #expect(word.text.contains("not known"))
                    try await Task.sleep(for: .seconds(5))
                    continue
                }
                #expect(run.report.verdict.syscall == name, run.explanation)
                #expect(run.evidence("kernel log", "syscall")?.after == Int64(number))
                return
            }
        }

        /// The host's log is the same for all: what it says of others is not this run's.
        @Test func theLogOfAnotherRunNamesNothingHere() async throws {
            let host = try await RunFixture.host()
            async let other = host.run(perl(Self.script(246, [0, 0, 0, 0])))
            async let own = host.run(perl("kill 'SYS', $$; sleep 1000"))
            let (first, second) = try await (other, own)
            #expect(first.kind == .seccompViolation && second.kind == .seccompViolation)
            #expect(second.report.verdict.syscall == nil, second.explanation)
        }

        @Test func refusalsAreCountedWhereThatIsAsked() async throws {
            let host = try await RunFixture.host()
            let logged = { (request: inout RunRequest) in request.logsRefusals = true }
            _ = try await host.run(shell("exit 0", logged))
            let script =
                Self.script(165, [0, 0, 0, 0, 0]) + Self.script(165, [0, 0, 0, 0, 0]) + Self.script(425, [1, 0])
            let run = try await outcome(perl(script, logged), on: host)
            #expect(run.kind == .clean, run.explanation)
            let refusals = try #require(run.refusals)
            #expect(refusals.first { $0.name == "mount" }?.count == 2)
            #expect(refusals.first { $0.name == "io_uring_setup" }?.count == 1)
            #expect(!refusals.contains { $0.name == "getpid" })
            #expect(run.report.enforcement.means[.seccomp] == Enforcement.Means.none)
            let plain = try await outcome(perl(script), on: host)
            #expect(plain.refusals == nil)
        }

        /// Whoever waits for an answer of the recorder is killed like everybody else.
        @Test func aLoggedRunEndsAtItsDeadlineToo() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                perl("while (1) { syscall(165, 0, 0, 0, 0, 0) }") {
                    $0.logsRefusals = true
                    $0.deadlines = Deadlines(wall: .seconds(1), grace: .zero)
                }, on: host)
            #expect(run.kind == .timedOut, run.explanation)
            #expect(run.refusals?.first?.name == "mount")
        }

        @Test func anInternetSocketNeedsTheNetworkProfile() async throws {
            let host = try await RunFixture.host()
            let script = Self.script(41, [2, 1, 0]) + Self.script(41, [2, 3, 1])
            _ = try await host.run(shell("exit 0") { $0.seccomp = "network" })
            let run = try await outcome(
                perl(script) {
                    $0.seccomp = "network"
                    $0.network = .loopback
                }, on: host)
            #expect(run.lines == ["0", "\(EAFNOSUPPORT)"], run.explanation)
        }
    }
}
