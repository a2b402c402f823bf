import Glibc
import Synchronization
import SystemSupport
import Testing

@testable import ProcessSupervisor

@Suite(.serialized) struct DeadlineTests {
    let sandbox: SandboxFixture
    init() throws { sandbox = try SandboxFixture.shared.get() }

    @Test func theWallDeadlineEndsARunWithSIGTERM() async throws {
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sleep", "1000"), limits: SupervisionLimits(wall: .milliseconds(300)))
        #expect(facts.reason == .wallDeadline)
        #expect(facts.ending == .signaled(SIGTERM, dumpedCore: false))
        #expect(facts.actions.map(\.kind) == [.wallDeadline, .terminated])
    }

    @Test func whoIgnoresSIGTERMIsKilledAfterTheGrace() async throws {
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sh", "-c", "trap '' TERM; while :; do :; done"),
            limits: SupervisionLimits(wall: .milliseconds(300), grace: .milliseconds(200)))
        #expect(facts.actions.map(\.kind) == [.wallDeadline, .terminated, .killed])
        #expect(facts.ending == .killedWithSandbox(signal: SIGKILL))
    }

    @Test func aProgramThatUsesTheGraceToFinishIsHeard() async throws {
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sh", "-c", "trap 'echo flushed; exit 3' TERM; while :; do sleep 0.05; done"),
            limits: SupervisionLimits(wall: .seconds(1), grace: .seconds(60)))
        #expect(facts.reason == .wallDeadline)
        #expect(facts.ending == .exited(code: 3))
        #expect(facts.stdout.text == "flushed\n")
    }

    @Test func aStoppedChildDoesNotOutliveTheDeadline() async throws {
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sh", "-c", "kill -STOP $$"),
            limits: SupervisionLimits(wall: .milliseconds(300), grace: .milliseconds(200)))
        #expect(facts.actions.map(\.kind) == [.wallDeadline, .terminated, .killed])
    }

    @Test func tooMuchOutputEndsARunAndTheCountGoesOn() async throws {
        let facts = try await sandbox.run(
            sandbox.plan("/usr/bin/yes"), limits: SupervisionLimits(output: .mebibytes(1), grace: .seconds(10)))
        #expect(facts.reason == .outputLimit)
        #expect(facts.stdout.totalBytes > 1 << 20)
    }

    @Test func outputUpToTheLimitIsNoViolation() async throws {
        let facts = try await sandbox.run(
            sandbox.plan("/usr/bin/head", "-c", "1048576", "/dev/zero"),
            limits: SupervisionLimits(output: .mebibytes(1)))
        #expect(facts.reason == nil)
        #expect(facts.ending == .exited(code: 0))
    }

    @Test func usedUpCPUTimeEndsARun() async throws {
        /// Answers as a cgroup would that has burnt a second more at every look.
        final class Burner: ProcessTree {
            let used = Mutex(0)
            func kill() {}
            func cpuTime() -> Duration? {
                used.withLock {
                    $0 += 1
                    return .seconds($0)
                }
            }
        }
        let facts = try await sandbox.supervisor.run(
            sandbox.plan("/bin/sleep", "1000"), cgroup: nil, tree: Burner(),
            limits: SupervisionLimits(wall: .seconds(600), cpu: .milliseconds(1500)))
        #expect(facts.reason == .cpuDeadline)
    }

    @Test func cancellingATaskEndsItsRun() async throws {
        let limits = SupervisionLimits(wall: .seconds(600), grace: .seconds(60))
        let run = Task { try await sandbox.run(sandbox.plan("/bin/sleep", "1000"), limits: limits) }
        run.cancel()
        let facts = try await run.value
        #expect(facts.reason == .cancelled)
    }

    @Test func aSecondCancellationKillsAtOnce() async throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        cancellation.cancel()
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sh", "-c", "trap '' TERM; while :; do :; done"),
            limits: SupervisionLimits(grace: .seconds(3600)), cancellation: cancellation)
        #expect(facts.actions.map(\.kind) == [.cancelled, .terminated, .cancelled, .killed])
    }

    /// What was asked during the first run, or between the two, ends the second; and it still can be asked then.
    @Test func oneCancellationServesRunsInSequence() async throws {
        let cancellation = Cancellation()
        let limits = SupervisionLimits(wall: .seconds(600), grace: .seconds(60))
        let first = try await sandbox.run(sandbox.plan("/bin/true"), limits: limits, cancellation: cancellation)
        #expect(first.ending == .exited(code: 0) && first.actions.isEmpty)
        cancellation.cancel()
        for _ in 0..<2 {
            let next = try await sandbox.run(
                sandbox.plan("/bin/sleep", "1000"), limits: limits, cancellation: cancellation)
            #expect(next.reason == .cancelled)
        }
    }

    /// Without a loop: a request before the adoption waits for it, and a late adoption of the run before is nobody's.
    @Test func requestsWaitForTheAdoptionOfTheirOwnRun() {
        let cancellation = Cancellation()
        let seen = Mutex<[String]>([])
        let first = cancellation.attach { _ in seen.withLock { $0.append("first") } }
        cancellation.adopted(first)
        let second = cancellation.attach { _ in seen.withLock { $0.append("second") } }
        cancellation.cancel()
        cancellation.adopted(first)
        #expect(seen.withLock { $0 } == [])
        cancellation.adopted(second)
        #expect(seen.withLock { $0 } == ["second"])
        cancellation.cancel()
        #expect(seen.withLock { $0 } == ["second", "second"])
    }
}
