import CgroupV2
import Glibc
import Logging
import ProcessSupervisor
import Synchronization
import SystemPackage
import SystemSupport
import Testing

@testable import Executor

/// Where runs are tested: what this side has, and one prepared host for all tests of the process.
enum RunFixture {
    static let project = variable("SCAN_EXECUTOR_TEST_PROJECT") ?? repository
    /// Where cgroups are made: SCAN_EXECUTOR_TEST_CGROUP_ROOT, or the top of the cgroup2 mount.
    static let cgroupBase: String? = {
        guard let base = variable("SCAN_EXECUTOR_TEST_CGROUP_ROOT") ?? (try? CgroupMount.find())?.mountPoint else {
            return nil
        }
        for controller in Controller.allCases {
            try? BeneathDirectory(path: base).write("+\(controller.rawValue)", to: "cgroup.subtree_control")
        }
        return base
    }()

    static let controllers: Set<String> = {
        guard let base = cgroupBase, let text = try? BeneathDirectory(path: base).readText("cgroup.subtree_control")
        else { return [] }
        return Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
    }()
    static let hasControllers = controllers.isSuperset(of: ["cpu", "memory", "pids"])
    static let hasRoot = geteuid() == 0 && cgroupBase != nil
    static let blockDevice = variable("SCAN_EXECUTOR_TEST_BLOCK_DEVICE")
    /// A kernel of our own, whose settings may be changed.
    static let isUserModeLinux =
        (try? BeneathDirectory(path: "/proc").readText("cpuinfo"))?.contains("User Mode Linux") ?? false

    /// The audit code prints a line for each death by filter, unless a daemon of its own takes them.
    static let kernelNamesFilteredCalls =
        (try? BeneathDirectory(path: "/proc/sys/kernel/seccomp").readText("actions_logged"))?
        .contains("kill_process") ?? false
        && access("/dev/kmsg", R_OK) == 0 && access("/run/auditd.pid", F_OK) != 0

    static let hasScanners =
        ["bandit", "semgrep"].allSatisfy { access("\(project)/.venv/bin/\($0)", X_OK) == 0 }
        && ["cppcheck", "flawfinder", "shellcheck"].allSatisfy { access("/usr/bin/\($0)", X_OK) == 0 }

    /// Everything that a test makes of files lies here.
    static let directory: String = {
        var template = Array("/tmp/scan-executor-runs-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary directory") }
        let path = String(cString: made)
        chmod(path, 0o755)
        atexit { RunFixture.removeAll() }
        return path
    }()

    private static let prepared = Task { () async throws -> SandboxHost in
        try await prepare(settings())
    }

    /// The first run makes what all the others share: the filter, the root, the scanner type's cgroup.
    private static func prepare(_ settings: HostSettings) async throws -> SandboxHost {
        let host = try await SandboxHost.prepare(
            settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = try? await host.run(shell("exit 0"))
        // Dispatch keeps the descriptors of its timers from the first sleep on.
        try await Task.sleep(for: .milliseconds(1))
        return host
    }

    /// The host of all tests: best-effort.
    static func host() async throws -> SandboxHost { try await prepared.value }

    static func settings() -> HostSettings {
        var settings = HostSettings(seccompDirectories: ["\(project)/deploy/seccomp"])
        settings.cgroupRoot = "\(cgroupBase ?? "")/scan-executor-test-\(getpid())"
        settings.enforcement = .bestEffort
        settings.firstUID = 2_000_100_000
        settings.slotCount = 80
        settings.stateDirectory = "\(directory)/state"
        settings.filterCache = "\(directory)/filters"
        settings.programDirectories = ["\(project)/.venv/bin"]
        settings.audit = AuditSettings(directory: "\(directory)/audit", sync: .never)
        return settings
    }

    /// Another host on the same cgroup root, with settings of its own.
    static func host(_ adjust: (inout HostSettings) -> Void) async throws -> SandboxHost {
        var own = settings()
        own.workerID = "second"
        adjust(&own)
        return try await prepare(own)
    }

    private static let number = Atomic<Int>(0)

    static func uniqueName(_ prefix: String) -> String {
        "\(prefix)-\(number.wrappingAdd(1, ordering: .relaxed).oldValue)"
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func removeAll() {
        let root = settings().cgroupRoot ?? ""
        for type in (try? BeneathDirectory(path: "\(root)/tasks").childDirectories()) ?? [] {
            rmdir("\(root)/tasks/\(type)")
        }
        for name in ["tasks", "supervisor", ""] { rmdir("\(root)/\(name)") }
        TestDirectory.remove(directory)
    }
}

/// A directory of one test, gone with it.
final class TestDirectory: Sendable {
    let path: String

    init(in parent: String = RunFixture.directory, mode: mode_t = 0o755) throws {
        path = "\(parent)/\(RunFixture.uniqueName("dir"))"
        try #require(mkdir(path, mode) == 0)
    }

    deinit { Self.remove(path) }

    @discardableResult
    func file(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let whole = "\(path)/\(name)"
        try writeFile(whole, Array(text.utf8))
        chmod(whole, mode)
        return whole
    }

    @discardableResult
    func directory(_ name: String, mode: mode_t = 0o755) throws -> String {
        let whole = "\(path)/\(name)"
        try #require(mkdir(whole, mode) == 0)
        return whole
    }

    static func remove(_ path: String) {
        var directories = [path]
        try? BeneathDirectory(path: path).walk(staysOnDevice: true) { entry in
            if entry.isDirectory {
                directories.append("\(path)/\(entry.path)")
            } else {
                unlink("\(path)/\(entry.path)")
            }
            return true
        }
        for directory in directories.reversed() { rmdir(directory) }
    }
}

/// All that runs could leave behind: counted before and after, nothing may have stayed.
struct Possessions {
    var descriptors: Int
    var children: Int
    var mounts: Int
    var cgroups: [String]
    var slotsTaken: Int
    var files: [String]

    static func now(of host: SandboxHost) -> Possessions {
        let tasks = "\(host.tree.path)/tasks"
        let directory = RunFixture.directory
        return Possessions(
            descriptors: names("/proc/self/fd").count,
            children: names("/proc/self/task").reduce(0) { sum, task in
                let list =
                    (try? BeneathDirectory(path: "/proc/self/task/\(task)").readText("children", limit: 4095)) ?? ""
                return sum + list.split(separator: " ").count
            },
            mounts: ((try? BeneathDirectory(path: "/proc/self").readText("mountinfo")) ?? "")
                .split(separator: "\n").count,
            cgroups: names(tasks).flatMap { type in
                ((try? BeneathDirectory(path: "\(tasks)/\(type)").childDirectories()) ?? []).map { "\(type)/\($0)" }
            },
            slotsTaken: names("\(directory)/state/uids").filter { name in
                guard let file = try? OwnedDescriptor.open("\(directory)/state/uids/\(name)", O_RDWR) else {
                    return true
                }
                return flock(file.raw, LOCK_EX | LOCK_NB) != 0
            }.count,
            files: names(directory) + names("\(directory)/filters"))
    }

    /// What there is more of than before, and stays: a helper of a launch may end a moment later.
    static func leaks(of host: SandboxHost, since before: Possessions) async throws -> [String] {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            let found = now(of: host).excess(over: before)
            if found.isEmpty || ContinuousClock.now > end { return found }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func excess(over before: Possessions) -> [String] {
        var found: [String] = []
        for (name, count, old) in [
            ("descriptors", descriptors, before.descriptors), ("children", children, before.children),
            ("mounts", mounts, before.mounts), ("uid slots", slotsTaken, before.slotsTaken),
        ] where count > old { found.append("\(name): \(count), before \(old)") }
        found += Set(cgroups).subtracting(before.cgroups).map { "cgroup \($0)" }
        found += Set(files).subtracting(before.files).map { "file \($0)" }
        return found
    }

    static func names(_ path: String) -> [String] {
        ((try? BeneathDirectory(path: path).entryNames()) ?? []).sorted()
    }
}

/// What every test starts from: small limits, a long deadline, no target.
func request(_ command: [String], _ adjust: (inout RunRequest) -> Void = { _ in }) -> RunRequest {
    var request = RunRequest(
        taskID: RunFixture.uniqueName("task"), type: "test", command: command,
        limits: ScannerLimits(cpu: cores("4"), memory: .mebibytes(256), pids: 64),
        deadlines: Deadlines(wall: .seconds(300), grace: .zero))
    request.workingDirectory = "/tmp"
    adjust(&request)
    return request
}

func shell(_ script: String, _ adjust: (inout RunRequest) -> Void = { _ in }) -> RunRequest {
    request(["sh", "-c", script], adjust)
}

func perl(_ script: String, _ adjust: (inout RunRequest) -> Void = { _ in }) -> RunRequest {
    request(["perl", "-e", script], adjust)
}

extension RunOutcome {
    var kind: VerdictKind { report.verdict.kind }
    var lines: [String] { (report.output.stdout ?? "").split(separator: "\n").map(String.init) }

    func evidence(_ source: String, _ field: String) -> Evidence? {
        report.verdict.evidence.first { $0.source == source && $0.field == field }
    }

    /// For failed expectations.
    var explanation: Comment {
        "\(report.verdict.evidence.map(\.text)); stdout \(report.output.stdout ?? ""); stderr \(report.output.stderr ?? "")"
    }
}

/// What was copied, besides the run's own report.
func artifacts(in directory: String) -> [String] {
    Possessions.names(directory).filter { $0 != OutputDirectory.reportName }
}

/// The error of a run that could not be made, and proof that it left nothing. Nil where the run was made after all.
func refusal(_ request: RunRequest, on host: SandboxHost) async throws -> ExecutorError? {
    let before = Possessions.now(of: host)
    var refused: ExecutorError?
    do { _ = try await host.run(request) } catch { refused = try #require(error as? ExecutorError) }
    #expect(try await Possessions.leaks(of: host, since: before) == [])
    return refused
}

/// The outcome of a run, and proof that it left nothing.
func outcome(_ request: RunRequest, on host: SandboxHost) async throws -> RunOutcome {
    let before = Possessions.now(of: host)
    let outcome = try await host.run(request)
    #expect(try await Possessions.leaks(of: host, since: before) == [])
    return outcome
}

extension Trait where Self == ConditionTrait {
    static var needsControllers: Self {
        .enabled(if: RunFixture.hasControllers, "needs cpu, memory and pids on the unified hierarchy")
    }
    static var needsNoControllers: Self {
        .enabled(if: !RunFixture.hasControllers, "shows what a host without controllers does")
    }
}

/// All tests that run something in a sandbox. One after the other: they count what is left.
@Suite(.serialized, .enabled(if: RunFixture.hasRoot, "makes sandboxes: needs root and a cgroup2 mount"))
struct SandboxTests {}

func cores(_ text: String) -> CPUCount {
    guard let count = CPUCount(parsing: text) else { preconditionFailure("\(text) is no count of cores") }
    return count
}
