import Glibc
import SystemSupport
import Testing

@testable import CgroupV2

/// A shell script in a cgroup. It waits for its place before its first command.
struct Child {
    let pid: pid_t

    /// Runs `script` in the cgroup at `path`. What it prints is thrown away.
    init(_ script: String, in path: String) throws {
        let pipe = try OwnedDescriptor.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe.readEnd.raw, 0)
        for number in [CInt(1), 2] { posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0) }
        let command = ["/bin/sh", "-c", "read go; exec </dev/null; \(script)"]
        let words: [UnsafeMutablePointer<CChar>?] = command.map { $0.withCString { strdup($0) } }
        defer { for word in words { free(word) } }
        var started: pid_t = 0
        let failure = posix_spawn(&started, "/bin/sh", &actions, nil, words + [nil], environ)
        try #require(failure == 0)
        pid = started
        try TestHost.write("\(pid)", to: "\(path)/cgroup.procs")
        try #require(Glibc.write(pipe.writeEnd.raw, "\n", 1) == 1)
    }

    /// Waits for the end: 0 to 255 is the exit code, 256 + n the signal n.
    func wait() -> CInt { Child.wait(pid) }

    static func wait(_ pid: pid_t) -> CInt {
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 256 + (status & 0x7f)
    }

    static let killed = 256 + SIGKILL
}

/// A copy of this process, to be a worker that moves or dies. Swift hides fork(2), which is right outside of tests:
/// `body` must not need other threads.
struct ForkedWorker: ~Copyable {
    let pid: pid_t
    private let fromChild: OwnedDescriptor

    /// `body`'s true becomes exit code 0. It gets a descriptor to say something to ``firstByte()``.
    init(_ body: (CInt) -> Bool) throws {
        typealias Fork = @convention(c) () -> pid_t
        let symbol = try #require(dlsym(nil, "fork"))
        let fork = unsafeBitCast(symbol, to: Fork.self)
        let pipe = try OwnedDescriptor.pipe()
        let fromChild = try pipe.readEnd.duplicate()
        let child = fork()
        try #require(child >= 0)
        if child == 0 {
            // A lock that another thread held at the fork would hang us: better dead.
            alarm(30)
            _exit(body(pipe.writeEnd.raw) ? 0 : 1)
        }
        pid = child
        self.fromChild = fromChild
    }

    /// The byte that the child wrote; nil if it ended without.
    borrowing func firstByte() -> UInt8? {
        var byte: UInt8 = 0
        return read(fromChild.raw, &byte, 1) == 1 ? byte : nil
    }

    borrowing func wait() -> CInt { Child.wait(pid) }
}
