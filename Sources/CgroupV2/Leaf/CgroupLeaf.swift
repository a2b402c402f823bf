import Glibc
import SystemSupport

/// The cgroup of one scan. It has one owner and ends by ``remove(within:)``.
///
/// While it lives it holds flock(2)'s exclusive lock on its directory: the sign of life that
/// ``CgroupTree/reap(within:)`` looks for. A leaf that is dropped instead kills, waits a moment, and removes; what
/// survives even that has lost its lock with the descriptor, so the next reap finds it.
public struct CgroupLeaf: ~Copyable, Sendable {
    /// The directory's name: `<task id>.<attempt>`.
    public let name: String
    /// What became of each requested limit.
    public let limits: [LimitFact]
    let cgroup: CgroupDirectory
    private let parent: TypeDirectory
    private var isGone = false

    /// How long a dropped leaf may hold up its owner's thread.
    private static let dropBound: Duration = .milliseconds(50)

    init(name: String, cgroup: consuming CgroupDirectory, parent: TypeDirectory, limits: [LimitFact]) {
        self.name = name
        self.cgroup = cgroup
        self.parent = parent
        self.limits = limits
    }

    deinit {
        if isGone { return }
        _ = try? SubtreeRemoval.remove(name, opened: cgroup, from: parent.cgroup, within: CgroupLeaf.dropBound)
    }

    /// The directory, absolute.
    public var path: String { cgroup.path }

    /// The directory's descriptor, for clone3(2) with CLONE_INTO_CGROUP. Valid while the leaf lives; close-on-exec.
    public var descriptor: CInt { cgroup.raw }

    /// All that the kernel reports. Read it before the removal; of a leaf that somebody removed it is empty.
    public borrowing func usage() throws(CgroupError) -> CgroupUsage { try CgroupUsage.read(cgroup) }

    /// Keeps the few files open that a live line reads again and again.
    public borrowing func makeSampler() throws(CgroupError) -> CgroupSampler { try CgroupSampler(cgroup) }

    /// Whether a process lives here or below; zombies do not count. False where the leaf was removed.
    public borrowing func isPopulated() throws(CgroupError) -> Bool {
        guard let events = try CgroupEvents.open(cgroup) else { return false }
        return try events.value("populated") ?? 0 != 0
    }

    /// Sends SIGKILL to everything here and below, and returns before they are dead.
    public borrowing func kill(using method: KillMethod = .automatic) throws(CgroupError) { try cgroup.kill(method) }

    /// Blocks the thread until no process lives here or below, for at most `bound`; false if some still do.
    ///
    /// The kernel reports changes at most every 10 ms. Where the last process's pidfd was waited for,
    /// ``remove(within:)`` at once is faster.
    public borrowing func waitUntilEmpty(within bound: Duration) throws(CgroupError) -> Bool {
        guard let events = try CgroupEvents.open(cgroup) else { return true }
        return try events.wait(for: "populated", toBe: 0, within: bound)
    }

    /// Ends all that lives in it, and removes the cgroups below it; the leaf itself stays, with its readings and its lease. Blocks for
    /// at most about `bound`; false where something is left after it.
    public borrowing func empty(within bound: Duration) throws(CgroupError) -> Bool {
        guard let events = try CgroupEvents.open(cgroup) else { return true }
        // Two links, of the name and of `.`, and one for each cgroup below.
        if try events.value("populated") ?? 0 == 0, cgroup.linkCount == 2 { return true }
        return bound > .zero ? try SubtreeRemoval.empty(cgroup, within: bound) : false
    }

    /// Removes the cgroup, killing what still lives in it, with all that was made below it. Blocks for at most about
    /// `bound`. A leaf that somebody removed before is removed.
    public consuming func remove(within bound: Duration = .seconds(5)) -> LeafRemoval {
        do {
            if try SubtreeRemoval.remove(name, opened: cgroup, from: parent.cgroup, within: bound) {
                isGone = true
                return .removed
            }
            return .stillPopulated(self)
        } catch {
            return .failed(self, error)
        }
    }
}

/// How a removal went. What is not removed comes back, to be tried again later.
public enum LeafRemoval: ~Copyable, Sendable {
    case removed
    /// Processes are stuck in the kernel and did not die within the bound.
    case stillPopulated(CgroupLeaf)
    case failed(CgroupLeaf, CgroupError)

    /// Whether the leaf is gone. Dropping the others tries once more.
    public var isRemoved: Bool {
        switch self {
        case .removed: true
        case .stillPopulated: false
        case .failed: false
        }
    }
}
