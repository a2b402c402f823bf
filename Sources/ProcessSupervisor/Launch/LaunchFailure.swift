import CLaunch
public import SystemPackage
public import SystemSupport

/// A sandbox that did not come to be: where, at what, and why. Nothing of it is left.
public struct LaunchFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The step in words, as in reports: `mount`, `seccomp filter`, `exec`; `prepare` for what the supervisor does before.
    public var step: String
    /// Which of the step's items, from 0: the mount, the limit, the descriptor.
    public var index: Int
    /// The item in words where it has a name: a path, a limit.
    public var item: String
    public var errno: Errno

    public init(step: String, index: Int, item: String, errno: Errno) {
        self.step = step
        self.index = index
        self.item = item
        self.errno = errno
    }

    /// A failure of the supervisor's own preparations.
    public init(preparing error: SystemError) {
        self.init(step: "prepare", index: 0, item: "\(error.operation) \(error.object)", errno: error.errno)
    }

    public var description: String {
        "launch failed at step \(step)\(item.isEmpty ? "" : " (\(item))"): \(errno) (\(errno.symbol))"
    }
}

/// The steps between the clone and the program, for tests that let each of them fail.
public enum LaunchStep: CInt, Sendable, CaseIterable {
    case template = 1
    case clone, session, networkNamespace, cgroupNamespace, hostname, loopback, mount, proc
    case oomScore, workingDirectory, descriptor, rlimit, groups, gid, uid, capabilities, noNewPrivileges, parentDeath,
        landlock
    case filter, initProgram
    case exec

    public var name: String { String(cString: claunch_step_name(rawValue)) }
}
