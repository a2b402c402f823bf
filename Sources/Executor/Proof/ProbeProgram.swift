import Glibc
import SystemPackage
import SystemSupport

/// The built `scan-probe`: the file that the attacks are in.
public struct ProbeProgram: Sendable {
    /// Absolute, without links.
    public let path: String
    /// Of the file's bytes, in lower-case hexadecimal.
    public let sha256: String
    /// Device, inode, size and times of the file: another one, or the same changed, has others.
    let identity: String

    /// No probe is larger; a wrong path must not have us read a disk.
    static let sizeLimit = 64 << 20

    /// Where the probe of an installation is: beside `executable`, as in a build directory, or as `make install` puts it.
    public static func standardPath(executable: String) -> String? {
        let directory = executable.split(separator: "/").dropLast().map(String.init)
        let installed = directory.dropLast() + ["libexec", "scan-executor", "scan-probe"]
        return [directory + ["scan-probe"], Array(installed)].map { "/" + $0.joined(separator: "/") }
            .first { access($0, X_OK) == 0 }
    }

    /// Looks at the program and takes its hash.
    public init(path named: String) throws(ExecutorError) {
        guard let resolved = realpath(named, nil) else {
            throw ExecutorError(
                .command, SystemError("find", named, Errno(rawValue: errno)),
                "name the probe that belongs to this program with --probe, or install it with make install")
        }
        defer { free(resolved) }
        path = String(cString: resolved)
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(path, O_RDONLY | O_NONBLOCK)
            identity = try Self.identity(of: file, path)
            sha256 = SHA256.hex(SHA256.digest(try file.readAll(limit: Self.sizeLimit, object: path)))
        } catch {
            throw ExecutorError(.command, error, "the probe must be a program of at most 64 MiB that root can read")
        }
    }

    /// As ``identity``, of whatever is at `path` now.
    static func identity(path: String) throws(SystemError) -> String {
        try identity(of: try OwnedDescriptor.open(path, O_RDONLY | O_NONBLOCK), path)
    }

    private static func identity(of file: borrowing OwnedDescriptor, _ path: String) throws(SystemError) -> String {
        var status = stat()
        try systemCall("look at", path) { fstat(file.raw, &status) == 0 ? 0 : -Int(errno) }
        if status.st_mode & S_IFMT != S_IFREG { throw SystemError("take as a program", path, .invalidArgument) }
        let changed = status.st_ctim
        return "\(status.st_dev):\(status.st_ino):\(status.st_size):\(changed.tv_sec).\(changed.tv_nsec)"
    }

    /// The attacks on what this kernel has not. The probe asks as the worker itself, outside of any sandbox.
    func absentAttacks() throws(SystemError) -> Set<String> {
        let pipe = try OwnedDescriptor.pipe()
        let process = try HostProcess(path, ["host"], standardOutput: pipe.writeEnd.raw)
        let reader = pipe.readEnd
        _ = consume pipe.writeEnd
        let text = String(decoding: try reader.readAll(limit: 64 << 10, object: path), as: UTF8.self)
        let status = process.wait()
        if status != 0 { throw SystemError("ask for the kernel's features", path, .invalidArgument) }
        return Set(text.split(separator: "\n").map(String.init))
    }
}

/// The probe outside of any sandbox, for what is the prover's own. Ends with its owner.
final class HostProcess: Sendable {
    let pid: pid_t
    private let input: OwnedDescriptor

    /// - Parameter standardOutput: borrowed; nil: /dev/null.
    init(_ program: String, _ arguments: [String], standardOutput: CInt? = nil) throws(SystemError) {
        let pipe = try OwnedDescriptor.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe.readEnd.raw, 0)
        if let standardOutput {
            posix_spawn_file_actions_adddup2(&actions, standardOutput, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var envp: [UnsafeMutablePointer<CChar>?] = [nil]
        var started: pid_t = 0
        try systemCall("start", program) { -Int(posix_spawn(&started, program, &actions, nil, &argv, &envp)) }
        pid = started
        input = pipe.writeEnd
    }

    /// False once it has ended, which nobody but us may bring about.
    var isAlive: Bool {
        // WNOWAIT leaves it to be waited for.
        var info = siginfo_t()
        guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 else { return false }
        return info._sifields._kill.si_pid == 0
    }

    /// Its exit code, or 128 + the signal.
    func wait() -> CInt {
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0 { if errno != EINTR { return -1 } }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    func end() {
        kill(pid, SIGKILL)
        _ = wait()
    }
}
