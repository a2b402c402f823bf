import Glibc
import SystemSupport

/// How to kill everything in a cgroup and below.
public enum KillMethod: Sendable, CaseIterable {
    /// cgroup.kill where the kernel has it, else ``freezeAndSignal``.
    case automatic
    /// cgroup.kill, since Linux 5.14: one write, no race with fork.
    case cgroupKill
    /// Freeze, SIGKILL each process, thaw: for older kernels.
    case freezeAndSignal
}

extension CgroupDirectory {
    /// Sends SIGKILL to everything in the cgroup and below; a cgroup that is gone is as good. Does not wait for the
    /// deaths.
    borrowing func kill(_ method: KillMethod) throws(CgroupError) {
        if method != .freezeAndSignal {
            do {
                try files.write("1", to: "cgroup.kill")
                return
            } catch {
                switch error.errno.rawValue {
                case ENODEV: return
                case ENOENT where method == .automatic: break
                // Threaded cgroups have a cgroup.kill that refuses; the signals reach them.
                case EOPNOTSUPP where method == .automatic: break
                default: throw CgroupError(error)
                }
            }
        }
        try freezeAndSignal()
    }

    private borrowing func freezeAndSignal() throws(CgroupError) {
        guard let events = try CgroupEvents.open(self), try freeze(true) else { return }
        // A process that is not frozen yet can still fork, so signals go out only after the wait. Without the freeze in
        // time they go out all the same: rounds repeat until one finds nobody new.
        _ = try events.wait(for: "frozen", toBe: 1, within: .milliseconds(100))
        var signalled: Set<pid_t> = []
        for _ in 0..<16 {
            let found = try processes(depth: 0).subtracting(signalled)
            if found.isEmpty { break }
            // Frozen processes do not exit, so a pid of the list is no stranger's yet.
            for pid in found { _ = Glibc.kill(pid, SIGKILL) }
            signalled.formUnion(found)
        }
        _ = try freeze(false)
    }

    /// False where the cgroup is gone.
    private borrowing func freeze(_ frozen: Bool) throws(CgroupError) -> Bool {
        do {
            try files.write(frozen ? "1" : "0", to: "cgroup.freeze")
            return true
        } catch {
            if error.errno.rawValue == ENOENT || error.errno.rawValue == ENODEV { return false }
            throw CgroupError(error)
        }
    }

    /// The pids in the cgroup and below, as this pid namespace numbers them.
    borrowing func processes(depth: Int = 0) throws(CgroupError) -> Set<pid_t> {
        let text = try self.text("cgroup.procs") ?? ""
        // 0 is a process of another pid namespace; kill(0) would be our own process group. 1 and we ourselves are no
        // task.
        var pids = Set(KernelText.lines(of: text).compactMap { pid_t($0) }.filter { $0 > 1 && $0 != getpid() })
        if depth == SubtreeRemoval.deepest { return pids }
        for name in try childNames() {
            if let below = try childIfPresent(name) { pids.formUnion(try below.processes(depth: depth + 1)) }
        }
        return pids
    }

    /// The cgroups directly below; none where the cgroup is gone.
    borrowing func childNames() throws(CgroupError) -> [String] {
        do { return try files.childDirectories() } catch {
            if error.errno.rawValue == ENOENT || error.errno.rawValue == ENODEV { return [] }
            throw CgroupError(error)
        }
    }
}
