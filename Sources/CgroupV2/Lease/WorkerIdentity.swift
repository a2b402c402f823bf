import Glibc
import SystemSupport

/// A worker process, told apart from every other that has or had its pid.
///
/// It is evidence for people. Whether the worker lives is told by the lock on the leaf, see
/// ``CgroupTree/reap(within:)``.
public struct WorkerIdentity: Sendable, Hashable {
    /// The name the operator or the worker chose.
    public var id: String
    /// /proc/sys/kernel/random/boot_id.
    public var bootID: String
    /// In the worker's own pid namespace.
    public var pid: Int32
    /// Field 22 of /proc/PID/stat: clock ticks since boot (proc_pid_stat(5)).
    public var startTime: UInt64

    public init(id: String, bootID: String, pid: Int32, startTime: UInt64) {
        self.id = id
        self.bootID = bootID
        self.pid = pid
        self.startTime = startTime
    }

    /// The calling process.
    public static func current(id: String) throws(CgroupError) -> WorkerIdentity {
        let boot = try read("/proc/sys/kernel/random/boot_id")
        let stat = try read("/proc/self/stat")
        guard let startTime = startTime(inStat: stat) else {
            throw CgroupError(
                .system, "read the start time in", "/proc/self/stat", advice: "mount /proc of this pid namespace")
        }
        return WorkerIdentity(
            id: id, bootID: String(boot.prefix { $0 != "\n" }), pid: getpid(), startTime: startTime)
    }

    /// Whether no living process of this pid namespace is this worker. It may live in another namespace.
    var seemsGone: Bool {
        guard let stat = try? Self.read("/proc/\(pid)/stat") else { return true }
        return Self.startTime(inStat: stat) != startTime || Self.isZombie(stat)
    }

    private static func isZombie(_ stat: String) -> Bool {
        guard let end = stat.lastIndex(of: ")") else { return false }
        let state = stat[end...].dropFirst(2).first
        return state == "Z" || state == "X"
    }

    /// The command in parentheses may hold spaces and parentheses of its own: fields count from the last `)`.
    static func startTime(inStat text: String) -> UInt64? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        // The first field here is number 3, the state.
        return fields.count > 19 ? KernelText.number(fields[19]) : nil
    }

    private static func read(_ path: String) throws(CgroupError) -> String {
        try cgroupCall { () throws(SystemError) in
            try ControlText.read(try OwnedDescriptor.open(path, O_RDONLY), object: path)
        }
    }
}
