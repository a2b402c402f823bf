import Glibc
import SystemSupport

/// Where this host keeps what runs need, and how strict they are.
public struct HostSettings: Sendable {
    /// What happens to a run with a limit that the host cannot enforce.
    public enum EnforcementMode: String, Sendable, CaseIterable {
        /// It does not start.
        case require
        /// It starts, and the report says what was not enforced.
        case bestEffort = "best-effort"
    }

    /// The delegated cgroup; nil finds it, see `CgroupTree.prepare`.
    public var cgroupRoot: String?
    public var enforcement: EnforcementMode
    /// The first uid (and gid) of the slots. Nobody else on the host may use `slotCount` numbers from here.
    ///
    /// The default lies above what distributions, systemd and container managers give out:
    /// https://systemd.io/UIDS-GIDS/
    public var firstUID: uid_t
    /// What ``firstUID`` can be: below 1000 are the system's users, and 2^32-1 is no uid.
    public static let firstUIDs = 1000...4_294_000_000
    /// How many runs the host takes at once.
    public var slotCount: Int
    /// Where the slots' locks are: a directory of root's, emptied by a reboot.
    public var stateDirectory: String
    /// Directories with seccomp profiles, the first that has one decides.
    public var seccompDirectories: [String]
    /// Where compiled filters are kept; nil compiles anew in every process.
    public var filterCache: String?
    /// Directories searched for programs before the system's own, such as a virtual environment's `bin`.
    public var programDirectories: [String]
    /// Launches under way at once, see `Launcher`.
    public var launchThreads: Int
    /// Empty network namespaces kept ready, see `Launcher`. For processes that make many runs; each costs memory of the kernel's.
    public var preparedNetworks: Int
    /// SHA-256 of the last proof of this host, for the records.
    public var proofSHA256: String?
    /// Whether a run needs a recorded proof of this host: see ``Proof``.
    public var requireProof: Bool
    /// This process in leases and records. By default unlike every other worker's of any host: a pid is not, for namespaces have
    /// pids of their own.
    public var workerID: String
    /// Where the records of runs go; nil writes none.
    public var audit: AuditSettings?
    /// For tests: told of each step of each run.
    package var onStep: (@Sendable (RunStep) -> Void)?

    /// Caps for all scans together and for each type, written when the host is prepared; what they do not name is lifted. Nil leaves
    /// what is set. Processes that share a cgroup root must have the same: the last to start wins.
    public var caps: HostCaps?

    public init(seccompDirectories: [String]) {
        enforcement = .require
        firstUID = 2_000_000_000
        slotCount = 256
        stateDirectory = "/run/scan-executor"
        self.seccompDirectories = seccompDirectories
        filterCache = "/var/cache/scan-executor/seccomp"
        programDirectories = []
        launchThreads = 2
        preparedNetworks = 0
        requireProof = false
        workerID = HostSettings.uniqueWorkerID()
    }

    /// The boot's id and 64 random bits.
    private static func uniqueWorkerID() -> String {
        let boot = try? BeneathDirectory(path: "/proc/sys/kernel/random").readText("boot_id", limit: 64)
        return "\(boot?.prefix(8) ?? "unknown")-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    }

    /// The system's own directories of programs, as in the sandbox's PATH.
    public static let systemProgramDirectories = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]
}
