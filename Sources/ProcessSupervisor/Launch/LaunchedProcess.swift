import CSystemSupport
import Glibc
import Synchronization
import SystemPackage
import SystemSupport

/// The pipes of one launch. The writing ends are the child's and closed once it has them.
final class Channels: Sendable {
    private struct Writers: ~Copyable {
        var stdout: OwnedDescriptor
        var stderr: OwnedDescriptor
        var status: OwnedDescriptor
    }

    let stdout: OwnedDescriptor
    let stderr: OwnedDescriptor
    let status: OwnedDescriptor
    private let writers: Mutex<Writers?>
    /// The numbers of the writing ends, good until ``closeWriters()``.
    let stdoutWriter: CInt
    let stderrWriter: CInt
    let statusWriter: CInt

    init() throws(SystemError) {
        let outputs = try OwnedDescriptor.pipe()
        let errors = try OwnedDescriptor.pipe()
        let records = try OwnedDescriptor.pipe()
        stdoutWriter = outputs.writeEnd.raw
        stderrWriter = errors.writeEnd.raw
        statusWriter = records.writeEnd.raw
        stdout = outputs.readEnd
        stderr = errors.readEnd
        status = records.readEnd
        writers = Mutex(Writers(stdout: outputs.writeEnd, stderr: errors.writeEnd, status: records.writeEnd))
        // Only our ends: for the program a full pipe must block, or it would lose output.
        for descriptor in [stdout.raw, stderr.raw, status.raw] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    func closeWriters() {
        writers.withLock { $0 = nil }
    }
}

/// A pid 1 that runs, with what is needed to follow it. Must be handed to a supervisor or abandoned: it is a child of ours,
/// and a zombie until it is waited for.
final class LaunchedProcess: Sendable {
    let pid: pid_t
    let pidfd: OwnedDescriptor
    let channels: Channels
    /// Just before the clone.
    let bornAt: MonotonicTime
    private let listener = Mutex<SharedDescriptor?>(nil)

    init(pid: pid_t, pidfd: consuming OwnedDescriptor, channels: Channels, bornAt: MonotonicTime) {
        self.pid = pid
        self.pidfd = pidfd
        self.channels = channels
        self.bornAt = bornAt
    }

    /// The listener of a notifying filter, seccomp_unotify(2).
    var filterListener: SharedDescriptor? { listener.withLock { $0 } }

    func setListener(_ descriptor: consuming OwnedDescriptor) {
        let shared = SharedDescriptor(owning: descriptor)
        listener.withLock { $0 = shared }
    }

    /// SIGKILL to pid 1, which ends its whole pid namespace, and the wait for it.
    func abandon() {
        _ = csys_pidfd_send_signal(pidfd.raw, SIGKILL)
        var result = csys_wait_result()
        while csys_waitid_pidfd(pidfd.raw, WEXITED, &result) == -Int(EINTR) {}
    }
}

/// A child that waits to be released.
final class HeldProcess: Sendable {
    let pid: pid_t
    private let pidfd: OwnedDescriptor
    private let release: SharedDescriptor

    init(pid: pid_t, pidfd: consuming OwnedDescriptor, release: SharedDescriptor) {
        self.pid = pid
        self.pidfd = pidfd
        self.release = release
    }

    func end() {
        _ = csys_pidfd_send_signal(pidfd.raw, SIGKILL)
    }

    func waitForEnd() {
        var result = csys_wait_result()
        while csys_waitid_pidfd(pidfd.raw, WEXITED, &result) == -Int(EINTR) {}
    }

    deinit { end() }
}
