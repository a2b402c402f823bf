import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// Ends that look like others, brought about on a real kernel.
    @Suite struct RealContradictionTests {
        /// Runs `script` in a shell, and `body` with the pid of the program named `sleeper` once it sleeps in the sandbox.
        private func run(
            _ script: String, _ adjust: (inout RunRequest) -> Void = { _ in },
            whenAsleep body: @Sendable (pid_t) -> Void
        ) async throws -> RunOutcome {
            let host = try await RunFixture.host()
            let request = shell(script, adjust)
            async let outcome = outcome(request, on: host)
            body(try await Self.pid(of: "sleep", in: "\(host.tree.path)/tasks/test/\(request.taskID).1"))
            return try await outcome
        }

        /// Waits for a program of this name in the cgroup: for the event, with a bound that no test should meet.
        private static func pid(of name: String, in cgroup: String) async throws -> pid_t {
            let end = ContinuousClock.now + .seconds(120)
            while ContinuousClock.now < end {
                let list = (try? BeneathDirectory(path: cgroup).readText("cgroup.procs")) ?? ""
                for pid in list.split(separator: "\n").compactMap({ pid_t($0) }) {
                    let comm = try? BeneathDirectory(path: "/proc/\(pid)").readText("comm")
                    if comm == "\(name)\n" { return pid }
                }
                try await Task.sleep(for: .milliseconds(2))
            }
            throw ExecutorError(.host, "no \(name) in \(cgroup)")
        }

        @Test func aSIGKILLFromOutsideIsASignalAndNoLackOfMemory() async throws {
            let run = try await run("exec sleep 1000", whenAsleep: { kill($0, SIGKILL) })
            #expect(run.kind == .signaled, run.explanation)
            #expect(run.report.verdict.signal == SIGKILL)
            #expect(run.report.verdict.failureClass == .transient)
            #expect(run.evidence("memory.events", "oom_kill") == nil)
            if RunFixture.hasControllers {
                #expect(run.report.usage.oomKills == 0)
            } else {
                // Without the memory controller nobody can tell the two apart, and the verdict says so.
                #expect(run.report.verdict.evidence.contains { $0.text.contains("cannot be told") })
            }
        }

        @Test func aSIGKILLOfTheSandboxesPid1IsNoSuccess() async throws {
            let host = try await RunFixture.host()
            let request = shell("exec sleep 1000")
            async let ended = outcome(request, on: host)
            let directory = "\(host.tree.path)/tasks/test/\(request.taskID).1"
            _ = try await Self.pid(of: "sleep", in: directory)
            kill(try await Self.pid(of: "scan-init", in: directory), SIGKILL)
            let run = try await ended
            #expect(run.kind == .signaled, run.explanation)
            #expect(run.report.verdict.signal == SIGKILL)
        }

        @Test(arguments: [137, 143, 159, 128])
        func anExitCodeThatLooksLikeASignalIsACode(code: Int32) async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(shell("exit \(code)"), on: host)
            #expect(run.kind == .scannerError, run.explanation)
            #expect(run.report.verdict.exitCode == code)
            #expect(run.report.verdict.signal == nil)
        }

        /// The kernel gives the parent the signal and not its si_code, so that this and the filter's look the same to it: the
        /// verdict stays on the safe side, names no call, and says that the log has no line.
        @Test func aSIGSYSThatTheProgramSendsItselfNamesNoCall() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(perl("kill 'SYS', $$; sleep 1000"), on: host)
            #expect(run.kind == .seccompViolation, run.explanation)
            #expect(run.report.verdict.syscall == nil)
            #expect(run.evidence("kernel log", "syscall")?.text.contains("not known") == true, run.explanation)
        }

        @Test func aSIGSYSWithoutOurFilterIsASignal() async throws {
            let host = try await RunFixture.host()
            // With its refusals let through, a run has no filter that could kill. The first such run compiles its filter.
            _ = try await host.run(shell("exit 0") { $0.logsRefusals = true })
            let run = try await outcome(perl("kill 'SYS', $$; sleep 1000") { $0.logsRefusals = true }, on: host)
            #expect(run.kind == .signaled, run.explanation)
            #expect(run.report.verdict.failureClass == .transient)
        }

        @Test func aFilterThatKillsAHelperIsNotTheScannersViolation() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(shell("perl -e 'syscall(246, 0, 0, 0, 0)'; exit 0"), on: host)
            #expect(run.kind == .clean, run.explanation)
        }
    }
}

extension SandboxTests {
    /// A process of a run that dies while the scanner goes on.
    @Suite struct LostHelperTests {
        /// waitid(2) by number, with WEXITED|WNOWAIT: until the helper is dead, which stays to be waited for and comes to
        /// pid 1 with its parent's end.
        private static let untilDead = "syscall(247, 1, $pid, 0, 0x1000004, 0) == 0 or die;"

        @Test func aHelperThatWasKilledMakesASuccessPartial() async throws {
            let host = try await RunFixture.host()
            let script = "my $pid = fork // die; if ($pid == 0) { kill 'KILL', $$ } \(Self.untilDead) exit 0;"
            let run = try await outcome(perl(script), on: host)
            #expect(run.kind == .clean, run.explanation)
            #expect(run.report.verdict.partial, run.explanation)
            #expect(run.evidence("supervisor", "helpers_killed")?.after == 1)
        }

        @Test func anOrphanThatCrashedCountsWhileTheScannerLives() async throws {
            let host = try await RunFixture.host()
            // The grandchild's parent is gone, and the scanner goes on until pid 1 has reaped it.
            let script = """
                pipe(my $r, my $w); my $pid = fork // die;
                if ($pid == 0) { if (fork) { exit 0 } syswrite $w, "$$\\n"; kill 'SEGV', $$; sleep 1000; }
                waitpid $pid, 0; my $orphan = <$r>; chomp $orphan;
                while (-e "/proc/$orphan") { select undef, undef, undef, 0.005 }
                exit 1;
                """
            let run = try await outcome(
                perl(script) { $0.exitCodes = ExitCodeTable([.clean: [0], .findings: [1]]) }, on: host)
            #expect(run.kind == .findings, run.explanation)
            #expect(run.report.verdict.partial, run.explanation)
        }

        /// pid 1 passes the signal on to all; it is no request of ours, after which nothing counts.
        @Test func aProgramThatSignalsPidOneCannotHideALoss() async throws {
            let host = try await RunFixture.host()
            let script = """
                my $got = 0; $SIG{TERM} = sub { $got = 1 };
                kill('TERM', 1) or die; while (!$got) { select undef, undef, undef, 0.005 }
                my $pid = fork // die; if ($pid == 0) { kill 'SEGV', $$; sleep 1000; } \(Self.untilDead) exit 0;
                """
            let run = try await outcome(perl(script), on: host)
            #expect(run.kind == .clean, run.explanation)
            #expect(run.report.verdict.partial, run.explanation)
        }

        @Test(arguments: ["exit 0", "kill 'TERM', $$; sleep 1000", "kill 'PIPE', $$; sleep 1000", "exit 3"])
        func aHelperThatEndsOrIsAskedToIsNoLoss(ending: String) async throws {
            let host = try await RunFixture.host()
            let script = "my $pid = fork // die; if ($pid == 0) { \(ending) } \(Self.untilDead) exit 0;"
            let run = try await outcome(perl(script), on: host)
            #expect(run.kind == .clean, run.explanation)
            #expect(!run.report.verdict.partial, run.explanation)
        }

        @Test func whoeverLivesWhenTheScannerEndsIsNoLoss() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(shell("sleep 1000 & sleep 1000 & exit 0"), on: host)
            #expect(run.kind == .clean, run.explanation)
            #expect(!run.report.verdict.partial, run.explanation)
        }

        /// pid 1 must come to its end however many processes die around it.
        @Test func aRunThatForksWithoutEndDoesNotKeepItsEndToItself() async throws {
            let host = try await RunFixture.host()
            let script = "if (fork) { select undef, undef, undef, 0.3; exit 0 } while (1) { fork or exit 0 }"
            let run = try await outcome(perl(script) { $0.limits.pids = 40 }, on: host)
            #expect(run.kind == .clean, run.explanation)
        }
    }
}
