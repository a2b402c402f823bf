import SystemSupport
import Testing

@testable import ProcessSupervisor

/// The decisions alone: no process, and time is a number.
@Suite struct RunMachineTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)
    private func machine(wall: Duration? = nil, cpu: Duration? = nil, output: ByteCount? = nil) -> RunMachine {
        RunMachine(
            limits: SupervisionLimits(
                wall: wall, cpu: cpu, output: output, grace: .seconds(5), killBound: .seconds(10)),
            launchedAt: start, parallelism: 2)
    }

    @Test func withoutLimitsNothingWakesIt() {
        #expect(machine().wakeAt == nil)
    }

    @Test func theWallDeadlineIsExact() {
        var machine = machine(wall: .seconds(30))
        #expect(machine.wakeAt == start + .seconds(30))
        #expect(machine.handle(.tick(cpu: nil), at: start + .milliseconds(29_999)) == [])
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(30)) == [.terminate])
        #expect(machine.wakeAt == start + .seconds(35))
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(35)) == [.kill])
        #expect(machine.handle(.tick(cpu: nil), at: start + .seconds(45)) == [.abandon])
        #expect(machine.wakeAt == nil)
        #expect(machine.handle(.exited, at: start + .seconds(99)) == [])
    }

    @Test func cpuTimeIsAskedForWhenItCanHaveRunOut() {
        var machine = machine(cpu: .seconds(10))
        #expect(machine.wakeAt == start + .seconds(5))
        #expect(!machine.wantsCPUTime(at: start + .seconds(4)))
        #expect(machine.wantsCPUTime(at: start + .seconds(5)))
        #expect(machine.handle(.tick(cpu: .seconds(8)), at: start + .seconds(5)) == [])
        #expect(machine.wakeAt == start + .seconds(6))
        #expect(machine.handle(.tick(cpu: .seconds(10)), at: start + .seconds(6)) == [.terminate])
        #expect(machine.fired.first?.kind == .cpuDeadline)
    }

    @Test func aTickThatComesEarlyAsksNothing() {
        var machine = machine(cpu: .seconds(10))
        #expect(machine.handle(.tick(cpu: .seconds(100)), at: start + .seconds(1)) == [])
    }

    @Test func bothDeadlinesTogetherAreTheWalls() {
        var machine = machine(wall: .seconds(5), cpu: .seconds(10))
        _ = machine.handle(.tick(cpu: .seconds(11)), at: start + .seconds(5))
        #expect(machine.fired.map(\.kind) == [.wallDeadline, .terminated])
    }

    @Test func outputAtTheLimitIsAllowedAndOneByteMoreIsNot() {
        var machine = machine(output: .bytes(100))
        #expect(machine.handle(.output(total: 100), at: start) == [])
        #expect(machine.handle(.output(total: 101), at: start) == [.terminate])
        #expect(machine.handle(.output(total: 1000), at: start + .seconds(1)) == [])
    }

    @Test func anExitInAnyStateFinishes() {
        for preceding in [[], [.cancel(.cancelled)], [.cancel(.cancelled), .cancel(.outputLimit)]]
            as [[RunMachine.Event]]
        {
            var machine = machine()
            for event in preceding { _ = machine.handle(event, at: start) }
            #expect(machine.handle(.exited, at: start + .seconds(1)) == [.finish])
        }
    }

    @Test func aDeadlineOfAllTimeNeverComes() {
        let machine = machine(wall: .seconds(Int64.max))
        #expect(machine.wakeAt == MonotonicTime(nanoseconds: .max))
    }

    @Test func headAndTailHoldWhatTheyShould() {
        for chunk in 1...7 {
            var capture = StreamCapture(headLimit: 3, tailLimit: 4)
            let bytes = (0..<20).map { UInt8($0) }
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                Array(bytes[start..<min(start + chunk, bytes.count)]).withUnsafeBytes { capture.append($0) }
            }
            #expect(capture.captured.head == [0, 1, 2])
            #expect(capture.captured.tail == [16, 17, 18, 19])
            #expect(capture.captured.totalBytes == 20)
            #expect(capture.captured.droppedBytes == 13)
        }
    }

    @Test func aShortStreamIsKeptWhole() {
        var capture = StreamCapture(headLimit: 3, tailLimit: 4)
        [UInt8](1...5).withUnsafeBytes { capture.append($0) }
        #expect(capture.captured.head + capture.captured.tail == [1, 2, 3, 4, 5])
        #expect(!capture.captured.isTruncated)
    }
}
