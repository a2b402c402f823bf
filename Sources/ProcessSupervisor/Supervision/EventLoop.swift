import CSystemSupport
import Glibc
import HeapModule
import Synchronization
import SystemPackage
import SystemSupport

/// The supervisor's one thread: waits for pid descriptors, pipes and deadlines of all runs at once.
final class EventLoop: Sendable {
    enum Command: Sendable {
        case adopt(id: UInt64, @Sendable () -> ActiveRunBox)
        case cancel(id: UInt64, FiredAction.Kind)
    }

    /// Carries a run to the loop's thread, where it stays.
    struct ActiveRunBox {
        let run: ActiveRun
    }

    private let epoll: OwnedDescriptor
    private let wake: OwnedDescriptor
    private let commands = Mutex<[Command]>([])

    init() throws(SystemError) {
        epoll = OwnedDescriptor(owning: CInt(try systemCall("create", "epoll") { csys_epoll_create() }))
        wake = OwnedDescriptor(owning: CInt(try systemCall("create", "eventfd") { csys_eventfd() }))
        try systemCall("watch", "eventfd") { csys_epoll_add(epoll.raw, wake.raw, UInt32(CSYS_EPOLLIN), 0) }
        try SystemThread.start("supervisor") { [self] in run() }
    }

    func submit(_ command: Command) {
        let wasEmpty = commands.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = write(wake.raw, &one, MemoryLayout<UInt64>.size)
    }

    private struct Timer: Comparable {
        let at: MonotonicTime
        let id: UInt64
        static func < (left: Timer, right: Timer) -> Bool { (left.at, left.id) < (right.at, right.id) }
    }

    // A token is a run's number and, in the two low bits, which of its descriptors: 0 the pid descriptor, 1 and 2 the
    // streams, 3 what tells of pressure.
    private static let pressure: UInt64 = 3

    private func run() {
        var runs: [UInt64: ActiveRun] = [:]
        var timers = Heap<Timer>()
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 4096)
        var events = [csys_event](repeating: csys_event(), count: 64)
        while true {
            let timeout = timers.min.map { max(Duration.zero, $0.at - .now).wholeMicroseconds }
            let nanoseconds = timeout.map { $0 > Int64.max / 2000 ? Int64.max / 2 : $0 * 1000 + 999 } ?? -1
            let count = csys_epoll_wait(epoll.raw, &events, 64, nanoseconds)
            let now = MonotonicTime.now
            if count < 0 && count != -Int(EINTR) {
                preconditionFailure("epoll_wait on our own descriptors: errno \(-count)")
            }
            // Output before exits: what a program wrote last is read before its end is told.
            for event in events.prefix(max(0, count)) where event.token != 0 {
                guard let run = runs[event.token >> 2] else { continue }
                if let stream = ActiveRun.Stream(rawValue: event.token & 3) {
                    if !run.drain(stream, into: scratch, limit: scratch.count, at: now) {
                        _ = csys_epoll_remove(epoll.raw, run.descriptor(of: stream))
                    }
                } else if event.token & 3 == Self.pressure {
                    run.lookAtPressure(at: now)
                } else {
                    for stream in run.openStreams { _ = csys_epoll_remove(epoll.raw, run.descriptor(of: stream)) }
                    _ = csys_epoll_remove(epoll.raw, run.pidfd)
                    runs[run.id] = nil
                    run.concludeExit(into: scratch, at: now)
                    continue
                }
                schedule(run, &timers)
            }
            if events.prefix(max(0, count)).contains(where: { $0.token == 0 }) {
                takeCommands(&runs, &timers, scratch, now)
            }
            while let timer = timers.min, timer.at <= now {
                timers.removeMin()
                // One that a later event made obsolete finds its run gone or not yet due: a tick is harmless.
                guard let run = runs[timer.id] else { continue }
                run.tick(at: now)
                schedule(run, &timers)
            }
        }
    }

    private func takeCommands(
        _ runs: inout [UInt64: ActiveRun], _ timers: inout Heap<Timer>, _ scratch: UnsafeMutableRawBufferPointer,
        _ now: MonotonicTime
    ) {
        var value: UInt64 = 0
        _ = read(wake.raw, &value, MemoryLayout<UInt64>.size)
        for command in commands.withLock({ commands in
            defer { commands.removeAll() }
            return commands
        }) {
            switch command {
            case .adopt(let id, let make):
                let run = make().run
                if watch(run) {
                    runs[id] = run
                    run.lookAtPressure(at: now)
                    schedule(run, &timers)
                } else {
                    // Only memory can be short here. Unwatched, the run would never end for its caller: it ends now.
                    for _ in 0..<2 { _ = run.handle(.cancel(.cancelled), at: now) }
                    run.concludeExit(into: scratch, at: .now)
                }
            case .cancel(let id, let reason):
                guard let run = runs[id] else { continue }
                _ = run.handle(.cancel(reason), at: now)
                schedule(run, &timers)
            }
        }
    }

    private func watch(_ run: ActiveRun) -> Bool {
        let watchesPressure =
            switch run.pressure {
            case .some(let events):
                csys_epoll_add(epoll.raw, events.raw, UInt32(CSYS_EPOLLPRI), run.id << 2 | Self.pressure) >= 0
            case .none: true
            }
        return watchesPressure
            && [
                (run.pidfd, 0), (run.descriptor(of: .stdout), ActiveRun.Stream.stdout.rawValue),
                (run.descriptor(of: .stderr), ActiveRun.Stream.stderr.rawValue),
            ].allSatisfy { csys_epoll_add(epoll.raw, $0, UInt32(CSYS_EPOLLIN), run.id << 2 | $1) >= 0 }
    }

    private func schedule(_ run: ActiveRun, _ timers: inout Heap<Timer>) {
        run.dropUnwantedPressure()
        guard let wakeAt = run.machine.wakeAt else { return }
        if run.scheduledAt == wakeAt { return }
        run.scheduledAt = wakeAt
        timers.insert(Timer(at: wakeAt, id: run.id))
    }
}
