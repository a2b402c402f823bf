import CSeccomp
import Glibc
import Synchronization
import SystemPackage
import SystemSupport

/// A system call that a filter would have refused, and how often it was made.
public struct Refusal: Sendable, Equatable {
    /// Nil for a number that this libseccomp has no name for.
    public var name: String?
    public var number: Int32
    /// What the enforcing filter answers: an errno, or death.
    public var action: SeccompAction
    public var count: Int
    /// Arguments of the first such call, as registers: pointers mean nothing here.
    public var firstArguments: [UInt64]
}

/// Holds the listener of a run in ``FilterMode/notify``: counts each call that the profile refuses, and lets it go on.
///
/// A thread of its own answers, because every refused call of the run stands still until it does. It ends when the last
/// process under the filter is gone (POLLHUP, Linux 5.9) or at ``finish()``.
///
/// The launcher's part: install the bytes with SECCOMP_FILTER_FLAG_NEW_LISTENER as the child's last step before exec, give the
/// descriptor to the supervisor (SCM_RIGHTS, or pidfd_getfd(2) from outside), and close it in the child. The profile must allow
/// what happens in between (sendmsg, close, execve), since nobody answers yet.
///
/// This is for finding out, not for enforcing: the kernel carries the calls out (seccomp_unotify(2), "time-of-check").
public final class RefusalRecorder: Sendable {
    /// Different calls that are kept apart. Of more the number alone is known, see ``uncounted``.
    static let distinctLimit = 1024

    private let state = Mutex(State())
    private let enforcing: BPFProgram
    private let listener: OwnedDescriptor
    /// A byte in it ends the thread.
    private let stopper: DescriptorPair
    private let thread: Mutex<pthread_t?>

    private struct State {
        var refusals: [Key: Refusal] = [:]
        var uncounted = 0
        var failure: SystemError?
    }

    private struct Key: Hashable {
        var number: Int32
        var action: UInt32
    }

    /// Starts listening.
    /// - Parameters:
    ///   - listener: what seccomp(2) returned; closed when the recorder goes.
    ///   - enforcing: the same profile in ``FilterMode/enforce``: it says what each call would have got.
    public init(listener: consuming OwnedDescriptor, enforcing: CompiledFilter) throws(SystemError) {
        self.listener = listener
        self.enforcing = BPFProgram(bytes: enforcing.bpf) ?? BPFProgram([])
        self.stopper = try OwnedDescriptor.pipe()
        self.thread = Mutex(nil)
        let context = Unmanaged.passRetained(self)
        var identifier = pthread_t()
        let code = pthread_create(&identifier, nil, { RefusalRecorder.run($0) }, context.toOpaque())
        if code != 0 {
            context.release()
            throw SystemError("start", "the thread of a seccomp listener", Errno(rawValue: code))
        }
        thread.withLock { $0 = identifier }
    }

    /// What was refused so far, most frequent first.
    public var refusals: [Refusal] {
        state.withLock { state in
            state.refusals.values.sorted { ($0.count, $1.number) > ($1.count, $0.number) }
        }
    }

    /// Calls beyond the 1024 different ones that are kept apart.
    public var uncounted: Int { state.withLock { $0.uncounted } }

    /// Why the listener stopped before its time; nil while all is well. Refused calls then fail with ENOSYS.
    public var failure: SystemError? { state.withLock { $0.failure } }

    /// Ends the thread, waits for it (it never blocks on anything but the listener) and gives the counts. Processes that are
    /// still under the filter get ENOSYS once the recorder is gone, so call it after the run. May be called again.
    @discardableResult
    public func finish() -> [Refusal] {
        let identifier = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let identifier {
            var byte: UInt8 = 0
            _ = write(stopper.writeEnd.raw, &byte, 1)
            pthread_join(identifier, nil)
        }
        return refusals
    }

    private static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let recorder = Unmanaged<RefusalRecorder>.fromOpaque(context).takeRetainedValue()
        // Signals are for the threads that handle them.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        do throws(SystemError) {
            try recorder.listen()
        } catch {
            recorder.state.withLock { $0.failure = error }
        }
        return nil
    }

    private func listen() throws(SystemError) {
        while true {
            var waits = [
                pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopper.readEnd.raw, events: Int16(POLLIN), revents: 0),
            ]
            try systemCall("poll", "a seccomp listener") {
                let count = poll(&waits, 2, -1)
                return count < 0 ? -Int(errno) : Int(count)
            }
            // Calls that wait already are answered before anything else: a process may hang on each.
            if waits[0].revents & Int16(POLLIN) != 0 {
                try answer()
            } else if waits[0].revents != 0 || waits[1].revents != 0 {
                return
            }
        }
    }

    private func answer() throws(SystemError) {
        var notification = csec_notification()
        do throws(SystemError) {
            try systemCall("receive from", "a seccomp listener") {
                csec_notification_receive(listener.raw, &notification)
            }
            record(notification)
            try systemCall("answer", "a seccomp listener") { csec_notification_continue(listener.raw, notification.id) }
        } catch {
            // The process was killed between the call and now: nobody waits.
            if error.errno != .noSuchFileOrDirectory { throw error }
        }
    }

    private func record(_ notification: csec_notification) {
        let arguments = withUnsafeBytes(of: notification.arguments) { Array($0.bindMemory(to: UInt64.self)) }
        let call = SeccompCall(
            number: notification.syscall, arch: notification.arch, instructionPointer: notification.instruction_pointer,
            arguments: arguments)
        let action = BPFInterpreter.run(enforcing, on: call).flatMap { SeccompAction(returnValue: $0) } ?? .killProcess
        let key = Key(number: notification.syscall, action: action.returnValue)
        state.withLock { state in
            if state.refusals[key] != nil {
                state.refusals[key]?.count += 1
            } else if state.refusals.count < RefusalRecorder.distinctLimit {
                state.refusals[key] = Refusal(
                    name: SyscallName.name(for: notification.syscall), number: notification.syscall, action: action,
                    count: 1,
                    firstArguments: arguments)
            } else {
                state.uncounted += 1
            }
        }
    }
}
