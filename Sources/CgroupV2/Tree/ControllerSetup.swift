import Glibc
import SystemSupport

/// Enables controllers for the children of a cgroup.
enum ControllerSetup {
    /// Enables what `cgroup` has of `wanted` in its cgroup.subtree_control and returns what is enabled afterwards.
    ///
    /// Idempotent, and harmless beside another worker that does the same. A controller that the kernel refuses alone
    /// (cpu while realtime tasks run, say) is left out; processes in the cgroup itself are the `occupied` error.
    static func enable(
        _ wanted: Set<Controller>, in cgroup: borrowing CgroupDirectory
    ) throws(CgroupError) -> Set<Controller> {
        let offered = Controller.parse(try cgroup.text("cgroup.controllers") ?? "").intersection(wanted)
        var enabled = Controller.parse(try cgroup.text("cgroup.subtree_control") ?? "")
        let missing = offered.subtracting(enabled).sorted()
        if missing.isEmpty { return enabled.intersection(wanted) }
        do {
            try cgroup.files.write(missing.map { "+\($0)" }.joined(separator: " "), to: "cgroup.subtree_control")
            return offered.union(enabled).intersection(wanted)
        } catch {
            try rethrowUnlessRefused(error, cgroup)
        }
        // One bad controller refuses the whole write: find the good ones.
        for controller in missing {
            do {
                try cgroup.files.write("+\(controller)", to: "cgroup.subtree_control")
                enabled.insert(controller)
            } catch {
                try rethrowUnlessRefused(error, cgroup)
            }
        }
        return enabled.intersection(wanted)
    }

    private static func rethrowUnlessRefused(
        _ error: SystemError, _ cgroup: borrowing CgroupDirectory
    ) throws(CgroupError) {
        switch error.errno.rawValue {
        case EBUSY:
            throw CgroupError(
                error, code: .occupied,
                advice:
                    "processes live in \(cgroup.path) itself (\(occupants(cgroup))), and the kernel enables no controllers "
                    + "over processes; move them to a cgroup below it, or name another root")
        case EACCES, EPERM, EROFS:
            throw CgroupError(
                error, code: .notDelegated,
                advice:
                    "this user may not enable controllers there; run as root, or delegate it (systemd: Delegate=yes)")
        case EOPNOTSUPP: throw CgroupError(error, code: .threaded)
        case EINVAL, ENOENT: return
        default: throw CgroupError(error)
        }
    }

    private static func occupants(_ cgroup: borrowing CgroupDirectory) -> String {
        let text = (try? cgroup.text("cgroup.procs")) ?? nil
        let pids = KernelText.lines(of: text ?? "")
        if pids.isEmpty { return "pids unknown" }
        return "pid " + pids.prefix(5).joined(separator: ", ") + (pids.count > 5 ? ", …" : "")
    }
}
