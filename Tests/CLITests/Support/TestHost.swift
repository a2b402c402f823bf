import CgroupV2
import Glibc
import SystemSupport
import Testing

/// What this side can show: with controllers (unified hosts, User-mode Linux) or without (hybrid hosts).
enum TestHost {
    static let mountPoint = (try? CgroupMount.find())?.mountPoint ?? "/sys/fs/cgroup"

    static let hasControllers: Bool = {
        let text = (try? BeneathDirectory(path: mountPoint).readText("cgroup.controllers")) ?? ""
        return ["cpu", "memory", "pids"].allSatisfy {
            text.split(whereSeparator: \.isWhitespace).contains(Substring($0))
        }
    }()

    /// A root of these tests' own, removed at the end.
    static let cgroupRoot: String = {
        if let top = try? BeneathDirectory(path: mountPoint) {
            for controller in ["cpu", "cpuset", "io", "memory", "pids"] {
                try? top.write("+\(controller)", to: "cgroup.subtree_control")
            }
        }
        atexit { TestHost.removeRoot() }
        return "\(mountPoint)/scan-executor-cli-tests-\(getpid())"
    }()

    /// The audit of these tests' own, removed at the end.
    static let auditDirectory: String = {
        var template = Array("/tmp/cli-tests-audit-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary directory") }
        let path = String(cString: made)
        atexit {
            for name in TestHost.files(in: TestHost.auditDirectory) { unlink("\(TestHost.auditDirectory)/\(name)") }
            rmdir(TestHost.auditDirectory)
        }
        return path
    }()

    static func files(in path: String) -> [String] {
        guard let directory = try? BeneathDirectory(path: path) else { return [] }
        return ((try? directory.entryNames()) ?? []).sorted()
    }

    /// A kernel of our own, in which a fork takes 15 to 35 ms.
    static let isUserModeLinux =
        (try? BeneathDirectory(path: "/proc").readText("cpuinfo"))?.contains("User Mode Linux") ?? false

    /// Names of the leaves that are there, and so were left.
    static var leaves: [String] {
        names(in: "\(cgroupRoot)/tasks").flatMap { type in
            names(in: "\(cgroupRoot)/tasks/\(type)").map { "\(type)/\($0)" }
        }
    }

    private static func names(in path: String) -> [String] {
        guard let directory = try? BeneathDirectory(path: path) else { return [] }
        return (try? directory.childDirectories()) ?? []
    }

    private static func removeRoot() {
        for type in names(in: "\(cgroupRoot)/tasks") { rmdir("\(cgroupRoot)/tasks/\(type)") }
        for name in ["tasks", "supervisor"] { rmdir("\(cgroupRoot)/\(name)") }
        rmdir(cgroupRoot)
    }

    /// Processes of this machine with `marker` among their arguments, but for those whose program is ours.
    static func processes(marked marker: String) -> [String] {
        guard let proc = try? BeneathDirectory(path: "/proc") else { return [] }
        return ((try? proc.childDirectories()) ?? []).filter { name in
            guard name.allSatisfy(\.isNumber), let text = try? proc.readText("\(name)/cmdline") else { return false }
            return text.contains(marker) && !text.contains("exec\0")
        }
    }

    /// Looks again until it holds, for at most a minute: for what ends by itself after an event elsewhere.
    static func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<3000 {
            if condition() { return true }
            usleep(20_000)
        }
        return condition()
    }
}

/// All tests that start sandboxes. One after the other: they count cgroups.
@Suite(.serialized, .enabled(if: geteuid() == 0, "sandboxes need root")) struct SandboxTests {}

extension Trait where Self == ConditionTrait {
    static var needsControllers: Self {
        .enabled(if: TestHost.hasControllers, "needs cpu, memory and pids on the unified hierarchy")
    }
    static var needsNoControllers: Self {
        .enabled(if: !TestHost.hasControllers, "shows what a hybrid host without controllers does")
    }
}
