import Dispatch
import Glibc
import ProcessSupervisor
import Synchronization
import SystemPackage
import SystemSupport

/// Carries what a command prints to our own stdout or stderr, through a pipe and a thread.
///
/// The command never holds our descriptor: opened again through /dev/stdout, a file could be read and cut short, and a terminal's
/// settings and input would be the command's as well.
///
/// Where nobody reads our stream any more, the pipe is closed, and the command gets the SIGPIPE that it would have got without us.
final class OutputRelay: Sendable {
    /// Where the command writes.
    let writer: SharedDescriptor
    private let destination: StandardStreams
    private let reader: SharedDescriptor
    private let stopper: SharedDescriptor
    private let stopped: SharedDescriptor
    private let done = DispatchSemaphore(value: 0)
    private let count = Atomic<UInt64>(0)
    private let failure = Mutex<Errno?>(nil)

    /// - Parameter onBytes: is told of every part's size before it is passed on; called on the relay's thread.
    init(to destination: StandardStreams, onBytes: @escaping @Sendable (Int) -> Void) throws(SystemError) {
        self.destination = destination
        let data = try OwnedDescriptor.pipe()
        let stop = try OwnedDescriptor.pipe()
        reader = SharedDescriptor(owning: data.readEnd)
        writer = SharedDescriptor(owning: data.writeEnd)
        stopper = SharedDescriptor(owning: stop.writeEnd)
        stopped = SharedDescriptor(owning: stop.readEnd)
        let number = reader.descriptor.raw
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        try SystemThread.start("relay") { [self] in
            relay(onBytes)
            // Closes the pipe under its number, which stays ours: whoever writes still gets SIGPIPE.
            _ = dup2(stopped.descriptor.raw, number)
            done.signal()
        }
    }

    /// Bytes that the command printed here.
    var bytes: UInt64 { count.load(ordering: .relaxed) }

    /// Passes on what is still in the pipe, and waits until it is. To be called when every process of the run is gone.
    /// - Parameter end: until when somebody may take to read it; nil waits for ever.
    /// - Returns: why not all could be passed on, ETIMEDOUT at `end`; nil also where nobody wanted it any more.
    func finish(until end: DispatchTime?) -> Errno? {
        var byte: UInt8 = 0
        _ = write(stopper.descriptor.raw, &byte, 1)
        if done.wait(timeout: end ?? .distantFuture) == .timedOut { return .timedOut }
        return failure.withLock { $0 }
    }

    private func relay(_ onBytes: (Int) -> Void) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var isLast = false
        while true {
            let size = read(reader.descriptor.raw, buffer.baseAddress, buffer.count)
            let saved = errno
            if size > 0 {
                count.add(UInt64(size), ordering: .relaxed)
                onBytes(size)
                let error = destination.write(UnsafeRawBufferPointer(rebasing: buffer[..<size]))
                if error == 0 { continue }
                if error != EPIPE { failure.withLock { $0 = Errno(rawValue: error) } }
                return
            }
            if size < 0 && saved == EINTR { continue }
            if size == 0 || saved != EAGAIN || isLast { return }
            isLast = waitForMore()
        }
    }

    /// True once ``finish()`` was called: what is in the pipe then is the last.
    private func waitForMore() -> Bool {
        var waits = [
            pollfd(fd: reader.descriptor.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopped.descriptor.raw, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&waits, 2, -1)
        return waits[1].revents != 0
    }
}
