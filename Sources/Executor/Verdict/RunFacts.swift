public import SystemPackage

/// Everything that is known of one run once it is over. What nobody measured is nil, never zero.
public struct RunFacts: Sendable, Equatable {
    /// The way the scanner itself ended.
    public enum Ending: Sendable, Equatable {
        /// It called exit with this code, 0 to 255.
        case exited(code: Int32)
        /// A signal ended it.
        case signaled(number: Int32, coreDumped: Bool)
        /// It ended, or did not, and nobody could tell how; the reason.
        case unknown(String)
        /// It never started.
        case launchFailed(LaunchFailure)
        /// It was not to be started any more when its turn came: cancelled first.
        case notStarted
        /// It could not be a run at all; the reason.
        case invalidTask(String)
    }

    /// The step between clone and exec that failed.
    public struct LaunchFailure: Sendable, Equatable {
        /// The step's name, such as `mount` or `exec`.
        public var step: String
        /// Its item, by number, where the step has several: the third mount.
        public var index: Int?
        /// What the item is, for people: `/usr read-only`, `/usr/bin/bandit`.
        public var item: String?
        /// Why.
        public var errno: Errno

        public init(step: String, index: Int? = nil, item: String? = nil, errno: Errno) {
            self.step = step
            self.index = index
            self.item = item
            self.errno = errno
        }
    }

    /// Something the supervisor did to end the run.
    public struct Action: Sendable, Equatable {
        public enum Kind: String, Sendable, Equatable, CaseIterable {
            case wallDeadline = "wall deadline"
            case cpuDeadline = "cpu deadline"
            case outputLimit = "output limit"
            case cancelled
            /// SIGTERM ahead of the wall deadline, as the profile's `soft_landing` asks.
            case deadlineNear = "deadline near"
            /// SIGTERM because the run was held back at memory.high, likewise.
            case memoryHigh = "memory high"

            /// An early SIGTERM, and no limit reached.
            var isLanding: Bool { self == .deadlineNear || self == .memoryHigh }
        }

        public var kind: Kind
        /// Since the launch, as deadlines count.
        public var at: Duration
        /// The limit that was passed, in the unit of its kind: microseconds for deadlines, bytes for output.
        public var limit: Int64?
        /// What was measured when it fired, in the same unit.
        public var observed: Int64?
        /// Who or what cancelled, for people: `operator`, `shutdown`, `lock lost`.
        public var reason: String?

        public init(_ kind: Kind, at: Duration, limit: Int64? = nil, observed: Int64? = nil, reason: String? = nil) {
            self.kind = kind
            self.at = at
            self.limit = limit
            self.observed = observed
            self.reason = reason
        }
    }

    /// The counters of the run's cgroup that a verdict can rest on. Nil: the kernel has no such file or field.
    public struct Counters: Sendable, Equatable {
        /// `oom_kill` of memory.events: processes killed, wherever below the cgroup.
        public var oomKills: Int64?
        /// `oom_group_kill` of memory.events (Linux 5.17).
        public var oomGroupKills: Int64?
        /// `high` of memory.events: held back and reclaimed from at memory.high.
        public var memoryHighEvents: Int64?
        /// `max` of pids.events: forks refused.
        public var pidsMaxEvents: Int64?
        /// `usage_usec` of cpu.stat.
        public var cpuUsageMicroseconds: Int64?

        public init(
            oomKills: Int64? = nil, oomGroupKills: Int64? = nil, memoryHighEvents: Int64? = nil,
            pidsMaxEvents: Int64? = nil, cpuUsageMicroseconds: Int64? = nil
        ) {
            self.memoryHighEvents = memoryHighEvents
            self.oomKills = oomKills
            self.oomGroupKills = oomGroupKills
            self.pidsMaxEvents = pidsMaxEvents
            self.cpuUsageMicroseconds = cpuUsageMicroseconds
        }
    }

    /// What was left after the kill.
    public enum Cleanup: Sendable, Equatable {
        /// No process, no cgroup.
        case done
        /// Processes were still there after the bound.
        case stillPopulated(processes: Int?, after: Duration)
        /// The processes are gone, and something else is not; the reason.
        case failed(String)
    }

    public var ending: Ending
    /// In the order in which they fired; only those that fired while the scanner still ran.
    public var actions: [Action]
    /// At the start; nil without a cgroup. A cgroup made for the run starts at zero, by the kernel's word: it is new.
    public var before: Counters?
    /// After the last process was gone.
    public var after: Counters?
    /// The CPU-time deadline, where there was one.
    public var cpuDeadline: Duration?
    /// True where the scanner ran under our filter.
    public var seccompInstalled: Bool
    /// What the kernel's log says of system calls for which the filter killed; looked at where SIGSYS ended the scanner.
    public var kernelLog: KernelLogWord
    /// Processes of the run other than the scanner that a signal of nobody of ours ended, as far as pid 1 saw them. Nil:
    /// nobody counted.
    public var helpersKilled: Int?
    /// The largest processes when a soft landing began; empty without one.
    public var memoryUsers: [MemoryUser]
    /// What slowed the run down. Nil: nobody looked.
    public var slowness: Slowness?
    public var exitCodes: ExitCodeTable
    public var cleanup: Cleanup
    /// The caps above the run; nil where there are none.
    public var caps: CapFacts?

    public init(
        ending: Ending, actions: [Action] = [], before: Counters? = nil, after: Counters? = nil,
        cpuDeadline: Duration? = nil,
        seccompInstalled: Bool = false, kernelLog: KernelLogWord = .notAsked, helpersKilled: Int? = nil,
        memoryUsers: [MemoryUser] = [], slowness: Slowness? = nil,
        exitCodes: ExitCodeTable = .zeroIsClean,
        cleanup: Cleanup = .done
    ) {
        self.ending = ending
        self.actions = actions
        self.before = before
        self.after = after
        self.cpuDeadline = cpuDeadline
        self.seccompInstalled = seccompInstalled
        self.kernelLog = kernelLog
        self.helpersKilled = helpersKilled
        self.memoryUsers = memoryUsers
        self.slowness = slowness
        self.exitCodes = exitCodes
        self.cleanup = cleanup
    }
}
