import Glibc
import SystemSupport
import Testing

/// The built binary, run as anybody would.
enum Tool {
    static let project: String = {
        variable("SCAN_EXECUTOR_TEST_PROJECT")
            ?? #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
    }()

    static let binary = variable("SCAN_EXECUTOR_TEST_BINARY") ?? "\(project)/.build/debug/scan-executor"

    struct Finished {
        /// Its exit code; 1000 + n where signal n ended it, which must never be.
        var status: Int32
        var stdout: String
        var stderr: String
    }

    /// Runs it to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil
    ) throws -> Finished {
        let running = try start(arguments, environment: environment, hasInput: input != nil)
        if let input { running.send(input) }
        return running.finish()
    }

    static func run(_ arguments: String..., environment: [String: String] = [:], input: String? = nil) throws
        -> Finished
    {
        try run(arguments, environment: environment, input: input)
    }

    /// Runs it from a shell that has run `script` before.
    static func run(after script: String, _ arguments: String...) throws -> Finished {
        try start(
            ["-c", "\(script); exec \"$@\"", "sh", binary] + arguments, program: "/bin/sh"
        ).finish()
    }

    /// - Parameter mergesErrors: one pipe for stdout and stderr.
    static func start(
        _ arguments: [String], environment: [String: String] = [:], hasInput: Bool = false, mergesErrors: Bool = false,
        standardInput: CInt? = nil, program: String = binary
    ) throws -> RunningTool {
        var variables = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SCAN_EXECUTOR_CGROUP_ROOT": TestHost.cgroupRoot,
            "SCAN_EXECUTOR_AUDIT_DIR": TestHost.auditDirectory,
            "SCAN_EXECUTOR_ENFORCEMENT": TestHost.hasControllers ? "require" : "best-effort",
        ]
        variables.merge(environment) { $1 }
        let out = try OwnedDescriptor.pipe()
        let errors = try OwnedDescriptor.pipe()
        let input = try OwnedDescriptor.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if hasInput || standardInput != nil {
            posix_spawn_file_actions_adddup2(&actions, standardInput ?? input.readEnd.raw, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, out.writeEnd.raw, 1)
        posix_spawn_file_actions_adddup2(&actions, mergesErrors ? out.writeEnd.raw : errors.writeEnd.raw, 2)
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        try systemCall("start", program) { -Int(posix_spawn(&pid, program, &actions, nil, &argv, &envp)) }
        return RunningTool(
            pid: pid, stdout: try out.readEnd.duplicate(), stderr: try errors.readEnd.duplicate(),
            stdin: hasInput ? try input.writeEnd.duplicate().release() : nil)
    }

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// A started tool. Waited for once.
final class RunningTool {
    let pid: pid_t
    private var out: OutputReader
    private var errors: OutputReader
    private var stdin: CInt?

    init(pid: pid_t, stdout: consuming OwnedDescriptor, stderr: consuming OwnedDescriptor, stdin: CInt?) {
        self.pid = pid
        out = OutputReader(descriptor: stdout.release())
        errors = OutputReader(descriptor: stderr.release())
        self.stdin = stdin
    }

    /// Writes it all and closes the input.
    func send(_ text: String) {
        guard let stdin else { return }
        _ = write(stdin, text, text.utf8.count)
        close(stdin)
        self.stdin = nil
    }

    func signal(_ number: CInt) { kill(pid, number) }

    /// Waits until stdout has `text`; false where it ended without.
    func waitForOutput(_ text: String) -> Bool {
        while !out.text.contains(text) {
            if !out.readMore() { return false }
        }
        return true
    }

    /// What it has written to stdout, as far as it was read.
    var output: String { out.text }

    func closeOutput() { out.closeNow() }

    /// Whether something waits to be read on stdout.
    var hasOutput: Bool {
        var wait = pollfd(fd: out.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, 0) == 1
    }

    /// Its exit code, while nobody reads what it prints.
    func finishUnread() -> Int32 { wait() }

    func finish() -> Tool.Finished {
        if let stdin { close(stdin) }
        stdin = nil
        while out.isOpen || errors.isOpen {
            var waits = [out, errors].map {
                pollfd(fd: $0.isOpen ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&waits, 2, -1)
            if waits[0].revents != 0 { _ = out.readMore() }
            if waits[1].revents != 0 { _ = errors.readMore() }
        }
        return Tool.Finished(status: wait(), stdout: out.text, stderr: errors.text)
    }

    private func wait() -> Int32 {
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 1000 + (status & 0x7f)
    }
}

/// One stream of a tool, as far as it was read.
struct OutputReader {
    let descriptor: CInt
    private(set) var isOpen = true
    private var bytes: [UInt8] = []

    init(descriptor: CInt) { self.descriptor = descriptor }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// False at the end.
    mutating func readMore() -> Bool {
        guard isOpen else { return false }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
            bytes += buffer[..<count]
        } else {
            closeNow()
        }
        return count > 0
    }

    mutating func closeNow() {
        if isOpen { close(descriptor) }
        isOpen = false
    }
}
