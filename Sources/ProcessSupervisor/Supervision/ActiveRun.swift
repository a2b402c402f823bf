import CLaunch
import CSystemSupport
import Glibc
import SystemPackage
import SystemSupport

/// One run on the supervisor's thread: its machine, its descriptors, what came out. Used on that thread alone.
final class ActiveRun {
    let id: UInt64
    private(set) var machine: RunMachine
    private let process: LaunchedProcess
    private let tree: any ProcessTree
    private let launchedAt: MonotonicTime
    private let answer: (ExitFacts) -> Void
    private var answered = false
    private var stdout: StreamCapture
    private var stderr: StreamCapture
    private(set) var openStreams: Set<Stream> = [.stdout, .stderr]

    /// The loop's note of the timer it holds for this run.
    var scheduledAt: MonotonicTime?

    /// Watched while the machine wants it; nil where it does not, or the tree cannot tell.
    private(set) var pressure: OwnedDescriptor?

    enum Stream: UInt64 {
        case stdout = 1
        case stderr = 2
    }

    init(
        id: UInt64, process: LaunchedProcess, tree: any ProcessTree, limits: SupervisionLimits,
        launchedAt: MonotonicTime,
        parallelism: Int, answer: @escaping (ExitFacts) -> Void
    ) {
        self.id = id
        self.process = process
        self.tree = tree
        self.launchedAt = launchedAt
        self.answer = answer
        machine = RunMachine(limits: limits, launchedAt: launchedAt, parallelism: parallelism)
        pressure = machine.wantsPressure ? tree.openPressureEvents() : nil
        stdout = StreamCapture(headLimit: limits.headBytes, tailLimit: limits.tailBytes)
        stderr = StreamCapture(headLimit: limits.headBytes, tailLimit: limits.tailBytes)
    }

    var pidfd: CInt { process.pidfd }

    func descriptor(of stream: Stream) -> CInt {
        stream == .stdout ? process.channels.stdout : process.channels.stderr
    }

    /// Gives the machine an event and does what it says. True once the run has ended and can be forgotten.
    func handle(_ event: RunMachine.Event, at now: MonotonicTime) -> Bool {
        for action in machine.handle(event, at: now) {
            switch action {
            case .land:
                tree.willLand()
                _ = csys_pidfd_send_signal(pidfd, SIGTERM)
            case .terminate: _ = csys_pidfd_send_signal(pidfd, SIGTERM)
            case .kill:
                tree.kill()
                // pid 1's end is the end of its namespace, should the tree not have been able to.
                _ = csys_pidfd_send_signal(pidfd, SIGKILL)
            case .abandon: finish(.unkillable, nil, at: now)
            case .finish: break
            }
        }
        return event == .exited
    }

    /// Something may have pressed the tree. The reading arms the next event, so it is also the first thing to do.
    func lookAtPressure(at now: MonotonicTime) {
        let isPressed =
            switch pressure {
            case .some(let events): tree.isPressed(events)
            case .none: false
            }
        if isPressed { _ = handle(.pressed, at: now) }
    }

    /// Closes what is watched for pressure where nobody wants it any more; closing ends the watch.
    func dropUnwantedPressure() {
        if !machine.wantsPressure { pressure = nil }
    }

    func tick(at now: MonotonicTime) {
        let cpu = machine.wantsCPUTime(at: now) ? tree.cpuTime() : nil
        _ = handle(.tick(cpu: cpu), at: now)
    }

    /// Reads what is there, at most `limit` bytes, so that one loud program does not keep others waiting.
    /// False when the stream has ended.
    func drain(_ stream: Stream, into scratch: UnsafeMutableRawBufferPointer, limit: Int, at now: MonotonicTime) -> Bool
    {
        var taken = 0
        while taken < limit {
            let count = read(descriptor(of: stream), scratch.baseAddress, scratch.count)
            let saved = errno
            if count > 0 {
                taken += count
                let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
                if stream == .stdout { stdout.append(bytes) } else { stderr.append(bytes) }
                _ = handle(.output(total: stdout.totalBytes &+ stderr.totalBytes), at: now)
                if count < scratch.count { return true }
            } else if count < 0 && saved == EINTR {
                continue
            } else if count < 0 && saved == EAGAIN {
                return true
            } else {
                openStreams.remove(stream)
                return false
            }
        }
        return true
    }

    /// pid 1 has ended: everything in its namespace has too. Waits for it, takes what is left in the pipes, answers.
    func concludeExit(into scratch: UnsafeMutableRawBufferPointer, at now: MonotonicTime) {
        let result = waitForExit(pidfd)
        // A pipe holds at most a mebibyte, and nobody writes any more; the bound is for a descriptor that got away.
        for stream in openStreams { _ = drain(stream, into: scratch, limit: 2 << 20, at: now) }
        let resources = ResourceUsage(
            user: .microseconds(result.user_us), system: .microseconds(result.system_us),
            maxResidentSet: ByteCount(result.max_rss_bytes))
        let ending = ending(result)
        process.close()
        pressure = nil
        _ = handle(.exited, at: now)
        finish(ending, resources, at: now)
    }

    private var startedAt: MonotonicTime?
    private var helpersKilled: Int?

    private func ending(_ result: csys_wait_result) -> ExitFacts.Ending {
        var ending: ExitFacts.Ending?
        var record = claunch_status()
        let size = MemoryLayout<claunch_status>.size
        while read(process.channels.status, &record, size) == size {
            switch record.kind {
            case CLAUNCH_STATUS_STARTED.rawValue: startedAt = MonotonicTime(nanoseconds: record.time_ns)
            case CLAUNCH_STATUS_FAILED.rawValue: ending = .notExecuted(Errno(rawValue: record.error))
            case CLAUNCH_STATUS_EXITED.rawValue where ending == nil:
                ending = Self.decode(waitStatus: record.wait_status)
                helpersKilled = Int(record.helpers_killed)
            default: break
            }
        }
        if case .notExecuted = ending { startedAt = nil }
        // No record of the end: pid 1 was killed, or ended by a fault of its own.
        return ending ?? .killedWithSandbox(signal: result.code == CLD_EXITED ? 0 : result.status)
    }

    /// wait(2): the low seven bits are the signal, bit 7 the core dump, the next byte the exit code.
    private static func decode(waitStatus: CInt) -> ExitFacts.Ending {
        let signal = waitStatus & 0x7f
        if signal == 0 { return .exited(code: (waitStatus >> 8) & 0xff) }
        return .signaled(signal, dumpedCore: waitStatus & 0x80 != 0)
    }

    private func finish(_ ending: ExitFacts.Ending, _ resources: ResourceUsage?, at now: MonotonicTime) {
        if answered { return }
        answered = true
        answer(
            ExitFacts(
                ending: ending, launchedAt: launchedAt, startedAt: startedAt, endedAt: now,
                helpersKilled: helpersKilled, resources: resources, actions: machine.fired, stdout: stdout.captured,
                stderr: stderr.captured))
    }
}
