import Glibc
import ProcessSupervisor
import Synchronization
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// How runs are ended from outside, and what is said of it.
    @Suite struct DeadlineTests {
        @Test func theWallDeadlineEndsARunThatIgnoresSIGTERM() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                shell("trap '' TERM; sleep 1000 & while :; do wait; sleep 1000; done") {
                    $0.deadlines = Deadlines(wall: .milliseconds(500), grace: .milliseconds(50))
                }, on: host)
            #expect(run.kind == .timedOut, run.explanation)
            #expect(run.evidence("supervisor", "wall_us") != nil)
            let early = try await outcome(shell("exit 0"), on: host)
            #expect(early.kind == .clean)
        }

        @Test func aRunThatEndsInTimeAfterSIGTERMTimedOutAllTheSame() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done") {
                    $0.deadlines = Deadlines(wall: .seconds(2), grace: .seconds(300))
                }, on: host)
            #expect(run.kind == .timedOut, run.explanation)
            #expect(run.lines == ["ready", "bye"])
            #expect(run.ending == .exited(code: 0))
        }

        @Test func processorTimeOfAChildCounts() async throws {
            let host = try await RunFixture.host()
            let limited = { (request: inout RunRequest) in request.deadlines.cpu = .milliseconds(500) }
            let burner = try await outcome(shell("perl -e '1 while 1' & wait", limited), on: host)
            #expect(burner.kind == .cpuExhausted, burner.explanation)
            let evidence = try #require(burner.evidence("supervisor", "cpu_us"))
            #expect(try #require(evidence.after) >= 500_000)
            // Twenty times the deadline on the clock, next to nothing on a processor.
            let idle = try await outcome(
                request(["sleep", "1"]) {
                    limited(&$0)
                    $0.deadlines.cpu = .milliseconds(900)
                }, on: host)
            #expect(idle.kind == .clean, idle.explanation)
        }

        @Test func tooMuchOutputEndsTheRunAndIsCounted() async throws {
            let host = try await RunFixture.host()
            let limited = { (request: inout RunRequest) in request.limits.printed = .kibibytes(256) }
            let loud = try await outcome(shell("yes", limited), on: host)
            #expect(loud.kind == .outputExceeded, loud.explanation)
            #expect(loud.report.output.truncated == true)
            #expect(try #require(loud.report.output.stdoutBytes) > 256 << 10)
            let fits = try await outcome(shell("head -c 256k /dev/zero", limited), on: host)
            #expect(fits.kind == .clean, fits.explanation)
            #expect(fits.report.output.stdoutBytes == 256 << 10)
        }

        @Test func aForkBombIsGoneWithItsCgroupAtItsDeadline() async throws {
            let host = try await RunFixture.host()
            let bomb = try await outcome(
                perl("while (1) { fork }") {
                    $0.limits.pids = 40
                    $0.deadlines = Deadlines(wall: .seconds(1), grace: .zero)
                }, on: host)
            #expect(bomb.kind == .timedOut, bomb.explanation)
        }

        @Test func aGrandchildThatKeepsThePipeDelaysNothing() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(shell("setsid sleep 1000 & echo done"), on: host)
            #expect(run.kind == .clean, run.explanation)
            #expect(run.lines == ["done"])
        }

        @Test func cancellationWhileItRunsIsCancelled() async throws {
            let host = try await RunFixture.host()
            let before = Possessions.now(of: host)
            let started = Gate()
            let cancellation = Cancellation()
            async let run = host.run(shell("sleep 1000"), cancellation: cancellation) { reading in
                _ = reading()
                started.open()
            }
            await started.wait()
            cancellation.cancel()
            let ended = try await run
            #expect(ended.kind == .cancelled, ended.explanation)
            #expect(ended.report.verdict.failureClass == FailureClass.none)
            #expect(try await Possessions.leaks(of: host, since: before) == [])
        }

        /// The reading is handed out when all is ready and nothing is launched yet.
        @Test func cancellationDuringTheLaunchIsCancelled() async throws {
            let host = try await RunFixture.host()
            let before = Possessions.now(of: host)
            let cancellation = Cancellation()
            let ended = try await host.run(shell("sleep 1000"), cancellation: cancellation) { _ in cancellation.cancel()
            }
            #expect(ended.kind == .cancelled, ended.explanation)
            #expect(try await Possessions.leaks(of: host, since: before) == [])
        }

        @Test func cancellationOfTheTaskEndsTheRun() async throws {
            let host = try await RunFixture.host()
            let before = Possessions.now(of: host)
            let started = Gate()
            let task = Task { try await host.run(shell("sleep 1000")) { _ in started.open() } }
            await started.wait()
            task.cancel()
            let ended = try await task.value
            #expect(ended.kind == .cancelled, ended.explanation)
            #expect(try await Possessions.leaks(of: host, since: before) == [])
        }

        @Test func aRunCancelledBeforehandIsNotStarted() async throws {
            let host = try await RunFixture.host()
            let directory = try TestDirectory()
            let before = Possessions.now(of: host)
            let cancellation = Cancellation()
            cancellation.cancel()
            let ended = try await host.run(shell("echo started"), cancellation: cancellation)
            #expect(ended.kind == .cancelled, ended.explanation)
            #expect(ended.ending == nil && ended.report.output.stdout == nil)
            let request = shell("echo started") { $0.output = "\(directory.path)/out" }
            #expect(try await host.run(request, cancellation: cancellation).kind == .cancelled)
            #expect(Possessions.names(directory.path) == [])
            #expect(try await Possessions.leaks(of: host, since: before) == [])
            let control = try await host.run(shell("echo started"))
            #expect(control.lines == ["started"])
        }
    }
}

/// Opened once; whoever waits goes on then.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream<Void>.makeStream() }

    func open() { continuation.finish() }

    func wait() async { for await _ in stream {} }
}
