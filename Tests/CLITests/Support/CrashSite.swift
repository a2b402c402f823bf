import Glibc
import SystemSupport
import Testing

@testable import CgroupV2
@testable import Executor

/// Where `crash-worker` runs and dies: a cgroup root, an audit and uids of its own, gone with the test.
final class CrashSite {
    private let workspace: Workspace
    private let cgroupRoot: String
    /// Of each test its own, so that a process left by one is not taken for another's.
    private let firstUID: UInt32
    private static let slots: UInt32 = 8
    private let mounts: Set<Substring>

    /// Tasks that had a cgroup: as their worker said, or as their leaf was found.
    private var expected: Set<String> = []
    /// Those whose worker had said that the result was given.
    private var completed: Set<String> = []
    private var workers: [CrashingWorker] = []

    init() throws {
        workspace = try Workspace()
        cgroupRoot = "\(TestHost.mountPoint)/scan-executor-crash-\(getpid())-\(UInt16.random(in: 0...UInt16.max))"
        firstUID = 2_000_200_000 + UInt32.random(in: 0..<1000) * 16
        mounts = Self.mountPoints()
    }

    deinit {
        for worker in workers { worker.killNow() }
        for type in Self.names("\(cgroupRoot)/tasks") { rmdir("\(cgroupRoot)/tasks/\(type)") }
        for name in ["tasks", "supervisor", ""] { rmdir("\(cgroupRoot)/\(name)") }
    }

    func start(_ mode: String, step: String? = nil) throws -> CrashingWorker {
        // A worker may have died between its lease and its word.
        for leaf in leases() { expected.insert(leaf.task) }
        let program = Tool.binary.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/crash-worker"
        let arguments = [mode, workspace.path, "\(Tool.project)/deploy/seccomp", cgroupRoot, "\(firstUID)"]
        let worker = CrashingWorker(try Tool.start(arguments + (step.map { [$0] } ?? []), program: program))
        workers.append(worker)
        return worker
    }

    /// Starts workers that recover and make one run each, and then looks at everything.
    func expectRecovered(starts: Int = 1, _ comment: Comment? = nil) throws {
        let started = try (0..<starts).map { _ in try start("start") }
        for worker in started { #expect(worker.waitForDeath() == 0, comment) }
        for worker in workers {
            expected.formUnion(worker.tasks("leaf"))
            completed.formUnion(worker.tasks("done"))
        }
        workers = []
        #expect(leases().isEmpty && leaves().isEmpty, comment)
        #expect(processes() == [], comment)
        #expect(leftMounts() == [], comment)
        #expect(takenUIDs() == [], comment)
        let result = try AuditVerifier(directory: "\(workspace.path)/audit").verify()
        #expect(result.isIntact && result.records == expected.count, comment ?? "\(result.breaks) \(expected.count)")
    }

    /// Every run that had a cgroup has exactly one record, and no other has any.
    func expectNothingLost(_ comment: Comment? = nil) throws {
        let tasks = try records().map(\.task)
        #expect(tasks.count == Set(tasks).count, comment)
        #expect(Set(tasks) == expected, comment)
        let recoveredTasks = Set(try records().filter(\.isRecovered).map(\.task))
        #expect(completed.isDisjoint(with: recoveredTasks), comment)
        #expect(!completed.isEmpty, comment)
    }

    var leavesSeen: Int { expected.count }

    /// The lines that a start wrote for a dead worker.
    var recovered: [String] { ((try? records()) ?? []).filter(\.isRecovered).map(\.line) }

    // MARK: - What there is

    private func records() throws -> [(task: String, isRecovered: Bool, line: String)] {
        let directory = try BeneathDirectory(path: "\(workspace.path)/audit")
        let names = try directory.entryNames().filter { $0.hasSuffix(".jsonl") }.sorted()
        return try names.flatMap { try directory.readText($0, limit: 64 << 20).split(separator: "\n") }.map { line in
            let task = try #require(line.firstMatch(of: /"task_id":"([^"]+)"/))
            return (String(task.1), line.contains(#""recovered":true"#), String(line))
        }
    }

    private func leaves() -> [String] {
        Self.names("\(cgroupRoot)/tasks").flatMap { type in
            Self.names("\(cgroupRoot)/tasks/\(type)").map { "\(cgroupRoot)/tasks/\(type)/\($0)" }
        }
    }

    /// Of the runs; what proves the birth at a start is none.
    private func leases() -> [Lease] {
        leaves().compactMap { path in
            guard let files = try? BeneathDirectory(owning: .open(path, O_RDONLY | O_DIRECTORY), path: path),
                case .lease(let lease) = CgroupDirectory(files).lease(), lease.notes["audit_id"] != nil
            else { return nil }
            return lease
        }
    }

    /// All of this machine's that live and have a uid of ours. Of the dead, the last to go is a zombie until this machine's pid 1
    /// has looked at it.
    private func processes() -> [String] {
        Self.names("/proc").filter { name in
            guard name.allSatisfy(\.isNumber), let proc = try? BeneathDirectory(path: "/proc/\(name)"),
                let text = try? proc.readText("status", limit: 8191),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") })
            else { return false }
            if text.contains("State:\tZ") || text.contains("State:\tX") { return false }
            return line.split(separator: "\t").dropFirst().compactMap { UInt32($0) }.contains {
                (firstUID..<firstUID + Self.slots).contains($0)
            }
        }
    }

    /// Locked, or written down as a dead one's.
    private func takenUIDs() -> [String] {
        TestHost.files(in: "\(workspace.path)/state/uids").filter { name in
            guard let file = try? OwnedDescriptor.open("\(workspace.path)/state/uids/\(name)", O_RDWR) else {
                return true
            }
            if flock(file.raw, LOCK_EX | LOCK_NB) != 0 { return true }
            guard let text = try? file.readAll(limit: 4096, object: name), !text.isEmpty else { return false }
            return access(String(decoding: text, as: UTF8.self), F_OK) == 0
        }
    }

    /// New ones that are a sandbox's, by their path or by whom their tmpfs belongs to; others may mount what they like.
    private func leftMounts() -> [Substring] {
        let uids = (firstUID..<firstUID + Self.slots).map { "uid=\($0)" }
        return Self.mountPoints().subtracting(mounts).filter { line in
            line.contains(workspace.path) || uids.contains { line.contains($0) }
        }
    }

    private static func mountPoints() -> Set<Substring> {
        let text = (try? BeneathDirectory(path: "/proc/self").readText("mountinfo")) ?? ""
        return Set(text.split(separator: "\n"))
    }

    private static func names(_ path: String) -> [String] {
        (try? BeneathDirectory(path: path).childDirectories()) ?? []
    }
}

/// One process of `crash-worker`.
final class CrashingWorker {
    private let tool: RunningTool
    private var finished: Tool.Finished?

    init(_ tool: RunningTool) { self.tool = tool }

    /// The length of a run in microseconds; nil where it died first.
    func waitUntilReady() -> UInt32? {
        guard tool.waitForOutput("ready "), tool.waitForOutput("\n") else { return nil }
        let line = tool.output.split(separator: "\n").first { $0.hasPrefix("ready ") }
        return line?.split(separator: " ").last.flatMap { UInt32($0) }
    }

    func killNow() {
        if finished == nil { tool.signal(SIGKILL) }
        waitForDeath()
    }

    /// Its exit code, or 1000 + the signal.
    @discardableResult
    func waitForDeath() -> Int32 {
        if let finished { return finished.status }
        let ended = tool.finish()
        finished = ended
        if ended.status != 0 && ended.status != 1000 + SIGKILL { print("crash-worker: \(ended)") }
        return ended.status
    }

    func tasks(_ event: String) -> Set<String> {
        let lines = finished?.stdout.split(separator: "\n") ?? []
        return Set(lines.filter { $0.hasPrefix("\(event) ") }.map { String($0.dropFirst(event.count + 1)) })
    }
}
