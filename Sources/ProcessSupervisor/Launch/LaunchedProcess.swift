import CSystemSupport
import Glibc
import Synchronization
import SystemPackage
import SystemSupport

/// The pipes of one launch. The numbers are good until they are closed, which is done in words and not left to the last
/// reference: a result is given only when nothing of its run is open any more.
final class Channels: Sendable {
    private struct Ends: ~Copyable {
        var stdout: OwnedDescriptor
        var stderr: OwnedDescriptor
        var status: OwnedDescriptor
    }

    private let readers: Mutex<Ends?>
    private let writers: Mutex<Ends?>
    let stdout: CInt
    let stderr: CInt
    let status: CInt
    let stdoutWriter: CInt
    let stderrWriter: CInt
    let statusWriter: CInt

    init() throws(SystemError) {
        let outputs = try OwnedDescriptor.pipe()
        let errors = try OwnedDescriptor.pipe()
        let records = try OwnedDescriptor.pipe()
        stdout = outputs.readEnd.raw
        stderr = errors.readEnd.raw
        status = records.readEnd.raw
        stdoutWriter = outputs.writeEnd.raw
        stderrWriter = errors.writeEnd.raw
        statusWriter = records.writeEnd.raw
        readers = Mutex(Ends(stdout: outputs.readEnd, stderr: errors.readEnd, status: records.readEnd))
        writers = Mutex(Ends(stdout: outputs.writeEnd, stderr: errors.writeEnd, status: records.writeEnd))
        // Only our ends: for the program a full pipe must block, or it would lose output.
        for descriptor in [stdout, stderr, status] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    /// Once the child has them.
    func closeWriters() {
        writers.withLock { $0 = nil }
    }

    func close() {
        closeWriters()
        readers.withLock { $0 = nil }
    }
}

/// A pid 1 that runs, with what is needed to follow it. A child of ours: a zombie until somebody waits for it.
final class LaunchedProcess: Sendable {
    let pid: pid_t
    /// Good until ``close()``.
    let pidfd: CInt
    let channels: Channels
    /// Just before the clone.
    let bornAt: MonotonicTime
    private let filterListener: Mutex<SharedDescriptor?>
    private let handle: Mutex<OwnedDescriptor?>

    init(
        pid: pid_t, pidfd: consuming OwnedDescriptor, channels: Channels, bornAt: MonotonicTime,
        filterListener: SharedDescriptor?
    ) {
        self.pid = pid
        self.pidfd = pidfd.raw
        self.channels = channels
        self.bornAt = bornAt
        self.filterListener = Mutex(filterListener)
        handle = Mutex(pidfd)
    }

    /// The listener of a notifying filter, seccomp_unotify(2). Nil the second time: only where nobody keeps it do refused
    /// calls fail once its taker lets it go, instead of waiting for an answer.
    func takeFilterListener() -> SharedDescriptor? {
        filterListener.withLock { $0.take() }
    }

    func close() {
        channels.close()
        handle.withLock { $0 = nil }
    }
}

/// A child that does nothing but wait for its end.
public final class HeldProcess: Sendable {
    public let pid: pid_t
    private let pidfd: OwnedDescriptor
    private let release: SharedDescriptor

    init(pid: pid_t, pidfd: consuming OwnedDescriptor, release: SharedDescriptor) {
        self.pid = pid
        self.pidfd = pidfd
        self.release = release
    }

    public func end() {
        _ = csys_pidfd_send_signal(pidfd.raw, SIGKILL)
    }

    func waitForEnd() {
        _ = waitForExit(pidfd.raw)
    }

    deinit { end() }
}

/// Waits for a child of ours by its pid descriptor, which no reuse of its number can deceive.
func waitForExit(_ pidfd: CInt) -> csys_wait_result {
    var result = csys_wait_result()
    while csys_waitid_pidfd(pidfd, WEXITED, &result) == -Int(EINTR) {}
    return result
}
