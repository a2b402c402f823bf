import Glibc

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
    /// This process in leases: unique among the workers of a host.
    public var workerID: String

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
        workerID = "pid-\(getpid())"
    }

    /// The system's own directories of programs, as in the sandbox's PATH.
    public static let systemProgramDirectories = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]
}
