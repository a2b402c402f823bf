import Glibc
import SystemSupport

extension CgroupError.Code {
    /// What an errno means when nothing more is known about the call.
    init(errno: CInt) {
        switch errno {
        case ENOENT, ENODEV: self = .vanished
        case EEXIST: self = .alreadyExists
        case EACCES, EPERM, EROFS: self = .notDelegated
        // EAGAIN: cgroup.max.descendants or cgroup.max.depth of an ancestor is reached.
        case EMFILE, ENFILE, ENOMEM, EAGAIN, ENOSPC: self = .exhausted
        case EBUSY: self = .occupied
        case EOPNOTSUPP: self = .threaded
        default: self = .system
        }
    }

    /// The sentence for a failure of which only the code is known.
    var generalAdvice: String {
        switch self {
        case .noMount: "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup"
        case .privateNamespace: "start the worker in the host's cgroup namespace (docker: --cgroupns=host)"
        case .notDelegated: "run as root, or give the worker a cgroup of its own (systemd: Delegate=yes)"
        case .notCgroup2: "name a directory of the cgroup2 file system, not a symlink to one"
        case .threaded: "name a cgroup whose cgroup.type is \"domain\""
        case .occupied: "move the other processes out of the root, or name another root"
        case .missingController:
            "boot with the unified hierarchy and enable the controller in the parent's cgroup.subtree_control"
        case .invalidName: "use letters, digits, '-', '_', '.' and at most 255 bytes"
        case .invalidLimit: "correct the limit"
        case .alreadyExists: "an earlier run left it behind: scan-executor reap"
        case .vanished: "somebody else removed the cgroup; let nothing but the worker manage its root"
        case .exhausted: "raise the limit on open files, memory or cgroup.max.descendants, or try again later"
        case .system: "see the errno"
        }
    }
}

/// Runs system calls and turns their failure into the module's error.
func cgroupCall<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(CgroupError) -> Value {
    do { return try body() } catch { throw CgroupError(error) }
}
