import Glibc
import Synchronization
import SystemSupport

/// The part of the cgroup hierarchy that is ours:
///
/// ```
/// <root>/supervisor/                        the worker itself (the no-internal-processes rule)
///        tasks/                             cap for all scans together
///              <scanner type>/              cap for one type
///                    <task id>.<attempt>/   one scan: a CgroupLeaf
/// ```
///
/// Several workers may share a root: preparing it again changes nothing. Nothing outside the root is touched, with one
/// exception: for the default root of a host without systemd, `scan.slice`, the controllers are enabled at the top of
/// the mount, because nobody else would.
public final class CgroupTree: Sendable {
    static let supervisorName = "supervisor"
    static let tasksName = "tasks"

    /// When the calling process goes to `supervisor/`. A move takes a global lock and waits for a grace period of the
    /// kernel's: 1 to 30 ms.
    public enum SelfPlacement: Sendable {
        /// Where the process is in the root itself, or at the top of the hierarchy and the root is the default
        /// `scan.slice`.
        case supervisor
        /// Only where controllers could not be enabled otherwise: the process is in the root itself.
        case ifNeeded
        case never
    }

    /// The root's directory.
    public let path: String
    /// The controllers that leaves get. Empty on hybrid hosts, whose controllers are on the v1 hierarchies.
    public let availableControllers: Set<Controller>
    /// What became of the caps for all tasks together.
    public let capFacts: [LimitFact]

    let root: CgroupDirectory
    let tasks: CgroupDirectory
    private let createdRoot: Bool
    private let types = Mutex<[String: TypeDirectory]>([:])
    /// What was asked for with ``setCaps(type:_:)``: a directory that somebody removed gets it again.
    private let typeCaps = Mutex<[String: CgroupLimits]>([:])

    /// Finds or creates the root, moves this process out of the way, enables all controllers of ``Controller`` that the
    /// root has, and creates `supervisor/` and `tasks/`.
    ///
    /// - Parameters:
    ///   - root: a directory on cgroup2, created if absent. Nil: the own cgroup where systemd delegated it, else
    ///     `scan.slice` at the top of the mount, for which one must be root.
    ///   - placement: when this process moves to `supervisor/`.
    ///   - caps: limits for all tasks together. Nil values leave what another worker set.
    ///   - mount: for tests; nil reads /proc.
    public static func prepare(
        root: String? = nil, placement: SelfPlacement = .supervisor, caps: CgroupLimits = .none,
        mount: CgroupMount? = nil
    ) throws(CgroupError) -> CgroupTree {
        try caps.validate()
        // A one-shot command may dismantle the tree under our hands; what it removed is made again.
        for _ in 0..<3 {
            do { return try attempt(root, placement, caps, mount) } catch {
                if error.code != .vanished { throw error }
            }
        }
        return try attempt(root, placement, caps, mount)
    }

    private static func attempt(
        _ root: String?, _ placement: SelfPlacement, _ caps: CgroupLimits, _ mount: CgroupMount?
    ) throws(CgroupError) -> CgroupTree {
        let mount = if let mount { mount } else { try CgroupMount.find() }
        let choice = try RootChoice.choose(root, mount: mount)
        let existed = try RootDirectory.exists(choice.path)
        let directory = try RootDirectory.open(choice.path)
        try RootDirectory.requireDomain(directory)
        try directory.makeChild(supervisorName)
        try moveSelf(into: directory, placement, mount, isBare: choice.isBare)
        if choice.isBare { try enableControllersAtTop(of: mount) }
        let offered = try ControllerSetup.enable(Set(Controller.allCases), in: directory)
        // Closed to other users: a stranger's flock(2) on a leaf would look like a living worker's.
        try directory.makeChild(tasksName, mode: 0o700)
        let tasks = try directory.child(tasksName)
        try close(tasks)
        try cgroupCall { () throws(SystemError) in try tasks.files.descriptor.lockShared(object: tasks.path) }
        if try !tasks.exists() {
            throw CgroupError(.vanished, "lock", tasks.path, advice: CgroupError.Code.vanished.generalAdvice)
        }
        let available = try ControllerSetup.enable(offered, in: tasks)
        let facts = try caps.apply(to: tasks)
        return CgroupTree(root: directory, tasks: tasks, available: available, facts: facts, createdRoot: !existed)
    }

    /// Takes from others what an older version, or whoever delegated the tree, gave them. A directory of another user's stays as
    /// that user made it.
    private static func close(_ tasks: borrowing CgroupDirectory) throws(CgroupError) {
        let number = tasks.raw
        _ = try cgroupCall { () throws(SystemError) in
            try systemCall("close to other users", tasks.path) {
                var status = stat()
                if fstat(number, &status) != 0 { return -Int(errno) }
                if status.st_uid != geteuid() || status.st_mode & 0o077 == 0 { return 0 }
                return fchmod(number, 0o700) == 0 ? 0 : -Int(errno)
            }
        }
    }

    private init(
        root: consuming CgroupDirectory, tasks: consuming CgroupDirectory, available: Set<Controller>,
        facts: [LimitFact],
        createdRoot: Bool
    ) {
        self.createdRoot = createdRoot
        path = root.path
        availableControllers = available
        capFacts = facts
        self.root = root
        self.tasks = tasks
    }

    /// Additive, so that whoever else uses the hierarchy loses nothing. Refusal at the hierarchy's own root (a hybrid
    /// host) is no error: what is missing shows in ``availableControllers``. A top with a cgroup.type is the cgroup of
    /// a container, where refusal means that other processes of the container are in the way.
    private static func enableControllersAtTop(of mount: CgroupMount) throws(CgroupError) {
        let top = try RootDirectory.open(mount.mountPoint)
        do { _ = try ControllerSetup.enable(Set(Controller.allCases), in: top) } catch {
            if try top.text("cgroup.type") != nil { throw error }
        }
    }

    private static func moveSelf(
        into root: borrowing CgroupDirectory, _ placement: SelfPlacement, _ mount: CgroupMount, isBare: Bool
    ) throws(CgroupError) {
        let isInRoot = root.isSame(as: mount.ownDirectory)
        let isAtTop = isBare && mount.ownCgroup == mount.root
        switch placement {
        case .never: return
        case .ifNeeded where !isInRoot: return
        case .supervisor where !isInRoot && !isAtTop: return
        case .ifNeeded, .supervisor: break
        }
        let supervisor = try root.child(supervisorName)
        // "0" is the writing process, whatever pid namespace it is in.
        do { try supervisor.files.write("0", to: "cgroup.procs") } catch {
            throw CgroupError(
                error,
                advice:
                    "this process may not move to its supervisor cgroup; the user needs write access to cgroup.procs of "
                    + "\(root.path) and of the cgroup it is in now (systemd: Delegate=yes)")
        }
    }
}

extension CgroupTree {
    /// The directory of one scanner type, created at need. `forget` drops a remembered one that somebody removed.
    func typeDirectory(_ type: String, forgetting stale: TypeDirectory? = nil) throws(CgroupError) -> TypeDirectory {
        if let known = types.withLock({ $0[type] }), known !== stale { return known }
        try CgroupName.check(type, what: "scanner type")
        try tasks.makeChild(type)
        let cgroup = try tasks.child(type)
        let enabled = try ControllerSetup.enable(availableControllers, in: cgroup)
        let facts = try typeCaps.withLock({ $0[type] })?.apply(to: cgroup) ?? []
        let directory = TypeDirectory(cgroup, controllers: enabled, capFacts: facts)
        types.withLock { $0[type] = directory }
        return directory
    }

    /// Limits all scans of one type together, for as long as this value lives: a type's directory that is removed and made again
    /// gets them again. Nil values leave what is set. Throws for an invalid name or limit; what the kernel could not enforce is in
    /// the facts.
    @discardableResult
    public func setCaps(type: String, _ caps: CgroupLimits) throws(CgroupError) -> [LimitFact] {
        try caps.validate()
        try CgroupName.check(type, what: "scanner type")
        typeCaps.withLock { $0[type] = caps }
        // Whatever is remembered of the directory was made without them.
        return try typeDirectory(type, forgetting: types.withLock { $0[type] }).capFacts
    }

    /// Removes what is empty of the tree, the root too if this value created it: for one-shot commands and tests. Does
    /// nothing while another worker has the root prepared, and whatever is in use stays. The tree makes no leaves
    /// afterwards.
    public func dismantle() {
        // Every prepared tree holds the shared lock on tasks/.
        // Whoever waits to prepare the root goes on as soon as we are done, whatever could not be removed. Also where the lock
        // is refused: flock(2) lets the shared one go before it asks for the other.
        defer { try? tasks.files.descriptor.lockShared(object: tasks.path) }
        guard (try? tasks.files.descriptor.tryLock(object: tasks.path)) == true else { return }
        types.withLock { $0.removeAll() }
        for type in (try? tasks.files.childDirectories()) ?? [] { try? tasks.removeChild(type) }
        for name in [CgroupTree.tasksName, CgroupTree.supervisorName] { try? root.removeChild(name) }
        guard createdRoot, let (parent, name) = CgroupPath.split(path), let above = try? RootDirectory.open(parent)
        else { return }
        try? above.removeChild(name)
    }
}

/// The parent of the leaves of one scanner type. It stays open for the next leaf.
final class TypeDirectory: Sendable {
    let cgroup: CgroupDirectory
    let controllers: Set<Controller>
    /// What became of the caps of the type.
    let capFacts: [LimitFact]

    private let creations = Mutex(0)

    init(_ cgroup: consuming CgroupDirectory, controllers: Set<Controller>, capFacts: [LimitFact]) {
        self.cgroup = cgroup
        self.controllers = controllers
        self.capFacts = capFacts
    }

    /// From here to ``endCreation()`` the directory's shared lock tells reapers that a leaf without a lease may be somebody's
    /// who is about to write it. Without a creation such a leaf is a dead one's.
    func beginCreation() throws(CgroupError) {
        let result = creations.withLock { count -> Result<Void, SystemError> in
            count += 1
            if count > 1 { return .success(()) }
            do throws(SystemError) {
                return .success(try cgroup.files.descriptor.lockShared(object: cgroup.path))
            } catch {
                count -= 1
                return .failure(error)
            }
        }
        try cgroupCall { () throws(SystemError) in try result.get() }
    }

    func endCreation() {
        creations.withLock { count in
            count -= 1
            if count == 0 { flock(cgroup.raw, LOCK_UN) }
        }
    }
}
