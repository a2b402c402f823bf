import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// What a timed_out says of its slowness, on a real kernel.
    @Suite struct SlownessRunTests {
        private static let hasPressure = access("/proc/pressure/cpu", R_OK) == 0

        private func timedOut(_ script: String) async throws -> RunOutcome {
            try await outcome(
                shell(script) { $0.deadlines = Deadlines(wall: .seconds(1), grace: .zero) },
                on: try await RunFixture.host())
        }

        @Test(.enabled(if: hasPressure, "needs pressure stall information"))
        func aTimedOutSaysWhoHeldItBackAndByHowMuch() async throws {
            let run = try await timedOut("exec sleep 1000")
            #expect(run.kind == .timedOut, run.explanation)
            // It slept: nobody held it back, whatever else the host was doing.
            #expect(run.report.verdict.hostStarved == false, run.explanation)
            #expect(run.report.json().contains("\"host_starved\":false"))
            for source in ["cpu.pressure", "io.pressure", "memory.pressure"] {
                let item = try #require(run.evidence(source, "full total"), run.explanation)
                #expect(item.before == 0)
            }
            for resource in ["cpu", "memory", "io"] {
                let item = try #require(run.evidence("/proc/pressure/\(resource)", "some total"), run.explanation)
                #expect(try #require(item.after) >= (try #require(item.before)))
            }
        }

        /// Twelve processes of one run that want a processor each wait for each other, and less for the host.
        @Test(.enabled(if: hasPressure, "needs pressure stall information"))
        func waitingForOnesOwnThreadsIsNotTheHosts() async throws {
            let run = try await timedOut("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do while :; do :; done & done; wait")
            #expect(run.kind == .timedOut, run.explanation)
            let some = try #require(run.report.usage.pressure.cpu?.someMicroseconds)
            let full = try #require(run.evidence("cpu.pressure", "full total")?.after)
            #expect(some > full, run.explanation)
        }

        @Test(.enabled(if: !hasPressure, "shows what a kernel without pressure stall information does"))
        func withoutPressureItIsNotKnownAndTheReasonIsSaid() async throws {
            let run = try await timedOut("exec sleep 1000")
            #expect(run.kind == .timedOut, run.explanation)
            #expect(run.report.verdict.hostStarved == nil)
            #expect(!run.report.json().contains("host_starved"))
            #expect(run.evidence("psi", "host_us")?.text.contains("no pressure") == true, run.explanation)
        }
    }
}
