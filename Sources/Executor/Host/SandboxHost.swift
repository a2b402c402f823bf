import CgroupV2
import Glibc
import Logging
import ProcessSupervisor
import SeccompPolicy
import Synchronization
import SystemSupport

/// This host, ready for runs: its cgroup tree, launching threads, uid slots, compiled filters and root templates. One for the
/// life of the process.
public final class SandboxHost: Sendable {
    public let settings: HostSettings
    public let tree: CgroupTree
    /// What an earlier worker left and this one ended when it started.
    public let reclaimed: [Reclaimed]
    /// Nil where runs are not recorded.
    public let audit: AuditLog?
    let supervisor: Supervisor
    let slots: UserSlots
    let identity: WorkerIdentity
    let capSetup: CapSetup
    let versions: ScannerVersions
    /// The types whose caps of an earlier configuration were lifted.
    private let liftedTypes = Mutex<Set<String>>([])
    let filters: SeccompProfiles
    let standardRoot: StandardRoot
    let landlockABI: Int?
    let pressure = HostPressure()
    let logger: Logger
    private let programs = Mutex<[ResolvedProgram.Key: ResolvedProgram]>([:])
    let leftovers = Leftovers()
    /// Found out by the first run that tried.
    let procIsForbidden = Atomic<Bool>(false)
    private let templates = TemplateCache()
    private let runCount = Atomic<Int>(0)

    /// Prepares the host: the cgroup tree, then the end of whatever a dead worker left, then a proof that a child is really
    /// born in its leaf.
    public static func prepare(
        _ settings: HostSettings, logger: Logger = Logger(label: "scan-executor")
    ) async throws -> SandboxHost {
        let host = try SandboxHost(settings, logger)
        try await BirthProof.check(on: host)
        return host
    }

    private init(_ settings: HostSettings, _ logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        guard geteuid() == 0 else {
            throw ExecutorError(.host, "sandboxes need root (namespaces, cgroups, mounts): run as root or through sudo")
        }
        Self.raiseDescriptorLimit()
        tree = try CgroupTree.prepare(
            root: settings.cgroupRoot, placement: .ifNeeded, caps: settings.caps?.all.cgroup ?? .none)
        audit = try settings.audit.map { settings throws(ExecutorError) in try AuditLog(settings) }
        reclaimed = try RunRecovery(own: audit, onRecorded: settings.onStep).reap(tree, within: .seconds(5))
        for leaf in reclaimed {
            logger.warning(
                "ended what a dead worker left", metadata: ["cgroup": "\(leaf.path)", "outcome": "\(leaf.outcome)"])
        }
        capSetup = try CapSetup(settings.caps, tree, settings.enforcement)
        identity = try WorkerIdentity.current(id: settings.workerID)
        supervisor = try Supervisor(
            launcher: Launcher(threadCount: settings.launchThreads, preparedNetworks: settings.preparedNetworks))
        slots = try UserSlots(
            first: settings.firstUID, count: settings.slotCount, stateDirectory: settings.stateDirectory)
        versions = ScannerVersions(stateDirectory: settings.stateDirectory)
        filters = SeccompProfiles(
            searchDirectories: settings.seccompDirectories, cacheDirectory: settings.filterCache)
        standardRoot = StandardRoot(firstUID: settings.firstUID, slotCount: settings.slotCount)
        landlockABI = LandlockRuleset.abi
    }

    /// A run holds about ten descriptors here; the usual soft limit of 1024 is there for select(2). Sandboxes have their own.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// How many runs left processes or a cgroup that could not be ended in time. They keep their uids, are tried again every
    /// second, and are no more counted once they are gone.
    public var leftoverCount: Int { leftovers.count }

    func template(_ layout: RootLayout) async throws(ExecutorError) -> RootTemplate {
        try await templates.template(layout)
    }

    /// Lets go of roots in which something is bound that is no more where it was. Otherwise they go with the next one built.
    func forgetOutdatedRoots() {
        programs.withLock { $0 = $0.filter { $0.value.root.isCurrent } }
        templates.prune()
    }

    /// Nil too where it was looked at long enough ago for the host to have changed.
    func knownProgram(_ key: ResolvedProgram.Key) -> ResolvedProgram? {
        programs.withLock { $0[key] }.flatMap { MonotonicTime.now < $0.knownUntil ? $0 : nil }
    }

    func remember(_ program: ResolvedProgram, as key: ResolvedProgram.Key) {
        programs.withLock { programs in
            // Each holds a template. Commands come from profiles, a handful.
            programs = programs.filter { MonotonicTime.now < $0.value.knownUntil }
            if programs.count >= TemplateCache.limit { programs.removeAll() }
            programs[key] = program
        }
    }

    /// A type that this host has no caps for may have some of an earlier configuration's.
    func liftForgottenCaps(of type: String) throws(CgroupError) {
        guard let caps = settings.caps, caps.types[type] == nil, !liftedTypes.withLock({ $0.contains(type) }) else {
            return
        }
        try tree.setCaps(type: type, AggregateCaps().cgroup)
        liftedTypes.withLock { _ = $0.insert(type) }
    }

    /// A number for each run of this process, from 0.
    func nextRun() -> Int { runCount.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// A program as a run will find it. Looking at the host's paths costs as much as a launch, so what was found counts for a
/// second: a worker lives through upgrades of its scanners.
struct ResolvedProgram: Sendable {
    let knownUntil = MonotonicTime.now + .seconds(1)
    /// What it depends on besides the host.
    struct Key: Hashable {
        var program: String
        var workingDirectory: String
        var readOnlyPaths: [ReadOnlyPath]
        var network: ScannerProfile.Network
    }

    var root: RootTemplate
    /// Absolute, in the sandbox.
    var path: String
    var searchPath: [String]
    /// To be mounted below the run's `/tmp`.
    var inTemporary: [String]
    var network: LaunchPlan.Network
}
