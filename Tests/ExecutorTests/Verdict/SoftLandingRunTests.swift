import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// Scanners that write a partial report on SIGTERM, in real sandboxes.
    @Suite struct SoftLandingRunTests {
        /// A scanner in small: it works until it is asked to end, and then puts away what it has and exits with `code`.
        private static func scanner(work: String, code: Int) -> String {
            """
            import os, signal, sys, time
            def flush(number, frame):
                with open('/out/report.json', 'w') as report: report.write('{"partial": true}')
                os._exit(\(code))
            signal.signal(signal.SIGTERM, flush)
            print('ready', flush=True)
            \(work)
            """
        }

        private static let waits = "while True: time.sleep(0.01)"

        private func python(_ script: String, _ adjust: (inout RunRequest) -> Void) -> RunRequest {
            request(["python3", "-c", script]) {
                $0.exitCodes = ExitCodeTable([.clean: [0], .findings: [1]])
                adjust(&$0)
            }
        }

        @Test(arguments: [(1, VerdictKind.findings), (0, .clean), (3, .timedOut)])
        func aScannerThatFlushesBeforeItsDeadlineIsPartial(code: Int, kind: VerdictKind) async throws {
            let host = try await RunFixture.host()
            let directory = try TestDirectory()
            let run = try await outcome(
                python(Self.scanner(work: Self.waits, code: code)) {
                    // Far enough for python to be up, where a fork takes long; the rest of the hour is never waited for.
                    $0.deadlines = Deadlines(wall: .seconds(3600), grace: .zero)
                    $0.softLanding = SoftLanding(
                        beforeDeadline: .seconds(3600) - .seconds(RunFixture.isUserModeLinux ? 15 : 3),
                        grace: .seconds(300))
                    $0.output = "\(directory.path)/out"
                }, on: host)
            #expect(run.kind == kind, run.explanation)
            #expect(run.report.verdict.partial, run.explanation)
            #expect(run.ending == .exited(code: CInt(code)))
            #expect(run.lines == ["ready"])
            #expect(artifacts(in: "\(directory.path)/out") == ["report.json"])
            let landing = try #require(run.report.verdict.evidence.first { $0.text.contains("soft landing before") })
            #expect(landing.source == "supervisor" && landing.field == "wall_us")
            // The largest process at that moment is the scanner itself.
            let largest = try #require(run.report.verdict.evidence.first { $0.field == "resident_bytes" })
            #expect(largest.text.contains("python3 held"), run.explanation)
            #expect(try #require(largest.after) > 1 << 20)
        }

        @Test func whoIgnoresTheLandingIsKilledAndTimedOut() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                shell("trap '' TERM; while :; do sleep 0.05; done") {
                    $0.deadlines = Deadlines(wall: .seconds(3600), grace: .zero)
                    $0.softLanding = SoftLanding(
                        beforeDeadline: .seconds(3600) - .milliseconds(500), grace: .milliseconds(100))
                }, on: host)
            #expect(run.kind == .timedOut, run.explanation)
            #expect(!run.report.verdict.partial)
            #expect(try #require(run.report.usage.wallMilliseconds) < 3_000_000)
        }

        @Test func aRunThatEndsBeforeIsNotTouched() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                shell("exit 0") {
                    $0.softLanding = SoftLanding(atMemoryHigh: true, beforeDeadline: .seconds(1))
                    $0.limits.memoryHigh = .mebibytes(128)
                }, on: host)
            #expect(run.kind == .clean, run.explanation)
            #expect(!run.report.verdict.partial)
            #expect(run.report.verdict.evidence.count == 1, run.explanation)
            #expect(run.report.json().contains("\"soft_landing\":{\"memory_high\":true,\"before_deadline_ms\":1000,"))
        }

        @Test(.needsControllers, arguments: [(1, VerdictKind.findings), (3, .oomKilled)])
        func aScannerThatReachesMemoryHighFlushesAndIsPartial(code: Int, kind: VerdictKind) async throws {
            let host = try await RunFixture.host()
            let directory = try TestDirectory()
            // Past memory.high by little, and then at peace: the kernel slows it down, and nobody need be killed.
            let work = "held = b'x' * (56 << 20)\n" + Self.waits
            let run = try await outcome(
                python(Self.scanner(work: work, code: code)) {
                    $0.limits.memory = .mebibytes(256)
                    $0.limits.memoryHigh = .mebibytes(48)
                    $0.softLanding = SoftLanding(atMemoryHigh: true, grace: .seconds(250))
                    $0.output = "\(directory.path)/out"
                }, on: host)
            #expect(run.kind == kind, run.explanation)
            #expect(run.report.verdict.partial, run.explanation)
            #expect(artifacts(in: "\(directory.path)/out") == ["report.json"])
            let high = try #require(run.evidence("memory.events", "high"), run.explanation)
            #expect(high.before == 0)
            #expect(try #require(high.after) > 0)
            let largest = try #require(run.report.verdict.evidence.first { $0.field == "resident_bytes" })
            #expect(largest.text.contains("python3 held"), run.explanation)
        }

        /// The control: without the profile's wish nobody asks the same program to end. It stands nearly still there, until its
        /// deadline.
        @Test(.needsControllers) func memoryHighAloneEndsNobody() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                python(Self.scanner(work: "held = b'x' * (56 << 20)\n" + Self.waits, code: 1)) {
                    $0.limits.memory = .mebibytes(256)
                    $0.limits.memoryHigh = .mebibytes(48)
                    $0.deadlines = Deadlines(wall: .seconds(10), grace: .zero)
                }, on: host)
            #expect(run.kind == .timedOut, run.explanation)
            #expect(!run.report.verdict.partial)
            #expect(!run.report.verdict.evidence.contains { $0.text.contains("soft landing") })
        }

        /// Without the memory controller there is no memory.high to reach: the run goes into its other limits.
        @Test(.needsNoControllers) func withoutTheControllerThereIsNoLandingAtMemoryHigh() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(
                python("held = b'x' * (56 << 20)\nprint('done')") {
                    $0.limits.memoryHigh = .mebibytes(48)
                    $0.softLanding = SoftLanding(atMemoryHigh: true)
                }, on: host)
            #expect(run.kind == .clean, run.explanation)
        }
    }
}
