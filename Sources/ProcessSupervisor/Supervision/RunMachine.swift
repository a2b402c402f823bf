import SystemSupport

/// The life of one run as decisions: an event and a time in, actions out. Touches nothing.
///
///     running ── deadline, limit, cancel ──► terminating ── grace over, second cancel ──► killed ── bound over ──► abandoned
///       │  └── deadline near, pressed ──► landing ── grace over ────────────────────────────►│                      │
///       │                                    └── deadline, limit, cancel ──► terminating       │                      │
///       └──────────────────────────────────────── exited ─────────────────────────────────────┴──► ended ◄───────────┘
struct RunMachine: Sendable {
    enum Event: Sendable, Equatable {
        /// Time passed; `cpu` is what the run has used, where it was asked for and is known.
        case tick(cpu: Duration?)
        /// Bytes on both streams so far.
        case output(total: UInt64)
        /// Somebody else wants it to end: `cancelled`, or a limit that is measured elsewhere.
        case cancel(FiredAction.Kind)
        /// The tree says that it is at the edge of what it may have.
        case pressed
        case exited
    }

    enum Action: Sendable, Equatable {
        case terminate
        /// As `terminate`, once more was looked at what the run is doing.
        case land
        case kill
        /// Answer the waiting caller; the process itself is still there.
        case abandon
        case finish
    }

    private enum State: Sendable, Equatable {
        case running
        /// SIGTERM was sent early; the limits still hold.
        case landing(killAt: MonotonicTime)
        case terminating(killAt: MonotonicTime)
        case killed(abandonAt: MonotonicTime)
        case abandoned
        case ended
    }

    private var state = State.running
    private let limits: SupervisionLimits
    private let launchedAt: MonotonicTime
    private let parallelism: Int
    private var nextCPUCheck: MonotonicTime?
    private(set) var fired: [FiredAction] = []

    /// - Parameter parallelism: processors that may work for the run at once: how fast its CPU time can grow.
    init(limits: SupervisionLimits, launchedAt: MonotonicTime, parallelism: Int) {
        self.limits = limits
        self.launchedAt = launchedAt
        self.parallelism = max(1, parallelism)
        nextCPUCheck = limits.cpu.map { launchedAt + Self.pause(before: $0, self.parallelism) }
    }

    /// When the machine next wants a tick. Nil: only when something happens.
    var wakeAt: MonotonicTime? {
        switch state {
        case .running: return [landAt, wallAt, nextCPUCheck].compactMap { $0 }.min()
        case .landing(let killAt): return [killAt, wallAt, nextCPUCheck].compactMap { $0 }.min()
        case .terminating(let killAt): return killAt
        case .killed(let abandonAt): return abandonAt
        case .abandoned, .ended: return nil
        }
    }

    /// Whether a tick at `now` should carry the CPU time.
    func wantsCPUTime(at now: MonotonicTime) -> Bool {
        guard isWithinLimits, let nextCPUCheck else { return false }
        return now >= nextCPUCheck
    }

    /// Whether somebody should watch for `pressed`.
    var wantsPressure: Bool { state == .running && limits.softLanding?.whenPressed == true }

    private var isWithinLimits: Bool {
        switch state {
        case .running, .landing: true
        case .terminating, .killed, .abandoned, .ended: false
        }
    }

    private var wallAt: MonotonicTime? { limits.wall.map { launchedAt + $0 } }

    private var landAt: MonotonicTime? {
        guard let wall = limits.wall, let before = limits.softLanding?.beforeWall else { return nil }
        return launchedAt + max(.zero, wall - before)
    }

    mutating func handle(_ event: Event, at now: MonotonicTime) -> [Action] {
        if event == .exited {
            let answered = state == .abandoned
            state = .ended
            return answered ? [] : [.finish]
        }
        switch state {
        case .running, .landing: return withinLimits(event, now)
        case .terminating(let killAt):
            if case .cancel(let reason) = event {
                fired.append(FiredAction(reason, at: now))
                return kill(now)
            }
            return now >= killAt ? kill(now) : []
        case .killed(let abandonAt):
            if now < abandonAt { return [] }
            fired.append(FiredAction(.abandoned, at: now))
            state = .abandoned
            return [.abandon]
        case .abandoned, .ended: return []
        }
    }

    private mutating func withinLimits(_ event: Event, _ now: MonotonicTime) -> [Action] {
        switch event {
        case .cancel(let reason): return terminate(reason, now)
        case .output(let total):
            guard let limit = limits.output, total > UInt64(limit.bytes) else { return [] }
            return terminate(.outputLimit, now, observed: Int64(clamping: total))
        case .pressed: return wantsPressure ? land(.pressed, now) : []
        case .tick(let cpu):
            // The wall deadline first: when both have passed, it is the one that can be told from outside.
            if let wallAt, now >= wallAt { return terminate(.wallDeadline, now) }
            if let limit = limits.cpu, let due = nextCPUCheck, now >= due {
                if let cpu, cpu >= limit { return terminate(.cpuDeadline, now, observed: cpu.wholeMicroseconds) }
                nextCPUCheck = now + Self.pause(before: limit - (cpu ?? .zero), parallelism)
            }
            if case .landing(let killAt) = state { return now >= killAt ? kill(now) : [] }
            if let landAt, now >= landAt { return land(.deadlineNear, now) }
            return []
        case .exited: return []
        }
    }

    private mutating func land(_ reason: FiredAction.Kind, _ now: MonotonicTime) -> [Action] {
        fired.append(FiredAction(reason, at: now))
        fired.append(FiredAction(.terminated, at: now))
        state = .landing(killAt: now + (limits.softLanding?.grace ?? limits.grace))
        return [.land]
    }

    private mutating func terminate(
        _ reason: FiredAction.Kind, _ now: MonotonicTime, observed: Int64? = nil
    ) -> [Action] {
        fired.append(FiredAction(reason, at: now, observed: observed))
        if limits.grace <= .zero { return kill(now) }
        if case .landing(let killAt) = state {
            // It has its SIGTERM: a second one is to many programs the order to drop everything.
            state = .terminating(killAt: min(killAt, now + limits.grace))
            return []
        }
        fired.append(FiredAction(.terminated, at: now))
        state = .terminating(killAt: now + limits.grace)
        return [.terminate]
    }

    private mutating func kill(_ now: MonotonicTime) -> [Action] {
        fired.append(FiredAction(.killed, at: now))
        state = .killed(abandonAt: now + limits.killBound)
        return [.kill]
    }

    /// The earliest moment at which `remaining` CPU time can have been used, but not more often than every 5 ms.
    private static func pause(before remaining: Duration, _ parallelism: Int) -> Duration {
        max(remaining / parallelism, .milliseconds(5))
    }
}
