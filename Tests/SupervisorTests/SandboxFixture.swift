import Glibc
import ProcessSupervisor
import SystemSupport

/// What the tests of this module launch in: the host's programs on a read-only root, `/tmp` and `/out`, a uid of its own.
struct SandboxFixture {
    let supervisor: Supervisor
    let root: RootTemplate

    /// A tree of one pid namespace needs no help to die: its pid 1 is killed by the supervisor itself.
    struct Namespace: ProcessTree {
        func kill() {}
        func cpuTime() -> Duration? { nil }
    }

    /// One for all tests: its threads live as long as the process.
    static let shared = Result { try SandboxFixture() }

    static let uid: uid_t = 2_000_000_001

    private init() throws {
        // Hundreds of runs at once hold more than the usual 1024.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(7), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(7), &limit)
        supervisor = try Supervisor(launcher: Launcher())
        var layout = RootLayout(directories: ["/proc", "/tmp", "/out", "/src"])
        layout.binds = [.init(source: "/usr", target: "/usr")]
        for name in ["bin", "sbin", "lib", "lib64"] {
            layout.links.append(.init(path: "/\(name)", destination: "usr/\(name)"))
        }
        layout.files = [.init(path: "/etc/passwd", content: "scan:x:\(Self.uid):\(Self.uid)::/tmp:/bin/sh\n")]
        root = try RootTemplate(layout)
    }

    func plan(_ arguments: String...) -> LaunchPlan {
        plan(root, arguments)
    }

    func plan(_ root: RootTemplate, _ arguments: [String]) -> LaunchPlan {
        LaunchPlan(root: root, arguments: arguments, environment: ["PATH=/usr/bin:/bin"], uid: Self.uid, gid: Self.uid)
    }

    func run(
        _ plan: LaunchPlan, limits: SupervisionLimits = SupervisionLimits(), cancellation: Cancellation = Cancellation()
    ) async throws -> ExitFacts {
        try await supervisor.run(plan, cgroup: nil, tree: Namespace(), limits: limits, cancellation: cancellation)
    }
}

/// What a process holds of the kernel's: counted before and after, nothing may have stayed.
struct Holdings: Equatable, CustomStringConvertible {
    let descriptors: Int
    let children: Int

    init() {
        descriptors = Self.entries("/proc/self/fd").count
        children = Self.entries("/proc/self/task").reduce(0) { sum, task in
            let list = (try? BeneathDirectory(path: "/proc/self/task/\(task)").readText("children")) ?? ""
            return sum + list.split(separator: " ").count
        }
    }

    var description: String { "\(descriptors) descriptors, \(children) children" }

    private static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}

extension CapturedStream {
    var text: String { String(decoding: head + tail, as: UTF8.self) }
}
