import SystemSupport
import Testing

@testable import ProcessSupervisor

/// The decisions of a soft landing alone: no process, and time is a number.
@Suite struct SoftLandingMachineTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func machine(
        wall: Duration? = .seconds(100), before: Duration? = .seconds(30), whenPressed: Bool = true,
        cpu: Duration? = nil, output: ByteCount? = nil, grace: Duration = .seconds(5), landing: Duration = .seconds(10)
    ) -> RunMachine {
        RunMachine(
            limits: SupervisionLimits(
                wall: wall, cpu: cpu, output: output, grace: grace,
                softLanding: .init(beforeWall: before, whenPressed: whenPressed, grace: landing),
                killBound: .seconds(10)),
            launchedAt: start, parallelism: 1)
    }

    @Test func theDeadlineIsNearAtAnExactTime() {
        var machine = machine()
        #expect(machine.wakeAt == start + .seconds(70))
        #expect(machine.handle(.tick(cpu: nil), at: start + .milliseconds(69_999)) == [])
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(70)) == [.land])
        #expect(machine.fired.map(\.kind) == [.deadlineNear, .terminated])
        #expect(machine.wakeAt == start + .seconds(80))
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(79)) == [])
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(80)) == [.kill])
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(90)) == [.abandon])
    }

    @Test func whoEndsInTheGraceHasLanded() {
        var machine = machine()
        _ = machine.handle(.tick(cpu: nil), at: start + .seconds(70))
        #expect(machine.handle(.exited, at: start + .seconds(71)) == [.finish])
        #expect(machine.fired.map(\.kind) == [.deadlineNear, .terminated])
    }

    @Test func pressureLandsItOnce() {
        var machine = machine()
        #expect(machine.wantsPressure)
        #expect(machine.handle(.pressed, at: start + .seconds(1)) == [.land])
        #expect(!machine.wantsPressure)
        #expect(machine.handle(.pressed, at: start + .seconds(2)) == [])
        #expect(machine.fired.map(\.kind) == [.pressed, .terminated])
    }

    @Test func pressureThatNobodyAskedAboutIsNone() {
        var machine = machine(whenPressed: false)
        #expect(!machine.wantsPressure)
        #expect(machine.handle(.pressed, at: start + .seconds(1)) == [])
        #expect(machine.fired.isEmpty)
    }

    @Test func whatIsNearAfterALandingIsNotASecondOne() {
        var machine = machine(landing: .seconds(1000))
        _ = machine.handle(.pressed, at: start + .seconds(60))
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(75)) == [])
    }

    @Test func theWallDeadlineDuringALandingKillsWithoutASecondSIGTERM() {
        var machine = machine(landing: .seconds(1000))
        _ = machine.handle(.pressed, at: start + .seconds(60))
        #expect(machine.wakeAt == start + .seconds(100))
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(100)) == [])
        #expect(machine.wakeAt == start + .seconds(105))
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(105)) == [.kill])
        #expect(machine.fired.map(\.kind) == [.pressed, .terminated, .wallDeadline, .killed])
    }

    @Test func theShorterGraceHolds() {
        var machine = machine(grace: .seconds(500))
        _ = machine.handle(.pressed, at: start)
        #expect(machine.handle(.cancel(.cancelled), at: start + .seconds(1)) == [])
        #expect(machine.wakeAt == start + .seconds(10))
        #expect(machine.handle(.cancel(.cancelled), at: start + .seconds(2)) == [.kill])
    }

    @Test func limitsStillHoldDuringALanding() {
        var loud = machine(output: .bytes(10))
        _ = loud.handle(.pressed, at: start)
        _ = loud.handle(.output(total: 11), at: start + .seconds(1))
        #expect(loud.fired.map(\.kind) == [.pressed, .terminated, .outputLimit])
        var busy = machine(cpu: .seconds(5))
        _ = busy.handle(.pressed, at: start)
        #expect(busy.wantsCPUTime(at: start + .seconds(5)))
        _ = busy.handle(.tick(cpu: .seconds(5)), at: start + .seconds(5))
        #expect(busy.fired.map(\.kind) == [.pressed, .terminated, .cpuDeadline])
        var impatient = machine(grace: .zero)
        _ = impatient.handle(.pressed, at: start)
        #expect(impatient.handle(.cancel(.cancelled), at: start + .seconds(1)) == [.kill])
    }

    @Test func aLateWakeUpMeetsTheDeadlineItself() {
        var machine = machine()
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(100)) == [.terminate])
        #expect(machine.fired.first?.kind == .wallDeadline)
    }

    @Test func aLandingBeforeTheStartIsAtTheStart() {
        let machine = machine(wall: .seconds(1), before: .seconds(3600))
        #expect(machine.wakeAt == start)
    }
}
