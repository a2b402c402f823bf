import CLaunch
import DequeModule
import Dispatch
import Synchronization
import SystemPackage
import SystemSupport

/// The threads that clone. They are few and live as long as the process: the kernel kills a sandbox when the thread that
/// launched it ends (PR_SET_PDEATHSIG), and a launch blocks its thread for the millisecond until pid 1 runs.
final class LaunchThreads: Sendable {
    /// Does its work and returns the answer to be given. What the work held is let go in between, so that whoever hears
    /// the answer finds nothing of it open.
    typealias Job = @Sendable (OpaquePointer) -> @Sendable () -> Void

    private let jobs = Mutex(Deque<Job>())
    private let available = DispatchSemaphore(value: 0)

    init(count: Int) throws(SystemError) {
        for index in 0..<count {
            let outcome = Mutex<CInt?>(nil)
            let ready = DispatchSemaphore(value: 0)
            let state = Startup(outcome: outcome, ready: ready)
            try SystemThread.start("launch-\(index)") { [self] in serve(state) }
            ready.wait()
            if let error = state.outcome.withLock({ $0 }), error != 0 {
                throw SystemError("prepare", "launching thread", Errno(rawValue: error))
            }
        }
    }

    func submit(_ job: @escaping Job) {
        jobs.withLock { $0.append(job) }
        available.signal()
    }

    private final class Startup: Sendable {
        let outcome: Mutex<CInt?>
        let ready: DispatchSemaphore
        init(outcome: consuming Mutex<CInt?>, ready: DispatchSemaphore) {
            self.outcome = outcome
            self.ready = ready
        }
    }

    private func serve(_ startup: Startup) {
        var error: CInt = 0
        let thread = claunch_thread_create(&error)
        startup.outcome.withLock { $0 = thread == nil ? error : 0 }
        startup.ready.signal()
        guard let thread else { return }
        while true {
            available.wait()
            perform(jobs.withLock { $0.popFirst() }, thread)?()
        }
    }

    private func perform(_ job: Job?, _ thread: OpaquePointer) -> (@Sendable () -> Void)? {
        job?(thread)
    }
}
