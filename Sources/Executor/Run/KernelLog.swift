import Glibc
import ProcessSupervisor
import SeccompPolicy
import SystemPackage
import SystemSupport

/// A place in the kernel's log: where it ended when a run began. Three microseconds a run.
///
/// A run's uid is its own on the whole host while it lasts, so what the log says of it after this place is the run's, and
/// no clock is needed to tell.
struct KernelLog: Sendable {
    private let file: Result<SharedDescriptor, SystemError>

    /// Reading takes CAP_SYSLOG where `kernel.dmesg_restrict` is set.
    static func atItsEnd() -> KernelLog {
        KernelLog(
            file: Result { () throws(SystemError) in
                let file = try OwnedDescriptor.open("/dev/kmsg", O_RDONLY | O_NONBLOCK)
                let number = file.raw
                try systemCall("seek to the end of", "/dev/kmsg") { lseek(number, 0, SEEK_END) < 0 ? -Int(errno) : 0 }
                return SharedDescriptor(owning: file)
            })
    }

    /// How long a line may take after the death: a thread of the kernel prints it.
    private static let patience = Duration.milliseconds(200)
    /// How long after a line another may follow.
    private static let quiet = Duration.milliseconds(20)
    private static let recordLimit = 10_000
    private static let callLimit = 8

    /// The calls for which the filter killed processes of `uid` since. Blocks for up to 200 ms.
    func filteredCalls(of uid: uid_t) -> KernelLogWord {
        let file: SharedDescriptor
        switch self.file {
        case .success(let open): file = open
        case .failure(let error): return .unreadable("\(error)")
        }
        guard Self.seesInitialUIDs else {
            return .unreadable("the kernel's log counts uids otherwise than this process does (user namespace)")
        }
        defer { withExtendedLifetime(file) {} }
        let reading = Reading(file.descriptor.raw)
        var calls: [FilteredCall] = []
        var end = MonotonicTime.now + Self.patience
        var dropped = false
        for _ in 0..<Self.recordLimit {
            switch reading.next(before: end) {
            case .nothing: return calls.isEmpty ? .silent(dropped: dropped) : .calls(calls)
            case .overwritten: dropped = true
            case .record(let record):
                if SeccompLogLine.saysDropped(record) { dropped = true }
                guard let line = SeccompLogLine(record: record), line.uid == uid, line.signal == SIGSYS else {
                    continue
                }
                let isNative = line.architecture == SyscallName.nativeAuditArchitecture
                let name = isNative ? Int32(exactly: line.syscall).flatMap { SyscallName.name(for: $0) } : nil
                calls.append(FilteredCall(number: line.syscall, architecture: line.architecture, name: name))
                if calls.count == Self.callLimit { return .calls(calls) }
                end = .now + Self.quiet
            }
        }
        return calls.isEmpty ? .silent(dropped: true) : .calls(calls)
    }

    /// In the initial user namespace a uid maps to itself, all of them (user_namespaces(7)).
    private static let seesInitialUIDs: Bool = {
        guard let text = try? BeneathDirectory(path: "/proc/self").readText("uid_map") else { return false }
        return text.split { $0 == " " || $0 == "\n" } == ["0", "0", "4294967295"]
    }()

    private struct Reading {
        enum Step {
            case record(String)
            /// The log went round before it was read: EPIPE.
            case overwritten
            case nothing
        }

        let number: CInt

        init(_ number: CInt) { self.number = number }

        /// One read(2) is one record, of at most 8 KiB; EINVAL would say that it did not fit.
        func next(before end: MonotonicTime) -> Step {
            withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { buffer in
                while true {
                    let count = read(number, buffer.baseAddress, buffer.count)
                    let saved = errno
                    if count > 0 {
                        return .record(
                            String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self))
                    }
                    switch saved {
                    case EPIPE: return .overwritten
                    case EINTR: continue
                    case EAGAIN:
                        let left = (end - .now).wholeMilliseconds
                        if left <= 0 { return .nothing }
                        var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                        _ = poll(&wait, 1, CInt(clamping: left + 1))
                    default: return .nothing
                    }
                }
            }
        }
    }
}
