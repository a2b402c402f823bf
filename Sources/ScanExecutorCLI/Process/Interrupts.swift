import Glibc
import ProcessSupervisor
import Synchronization

/// Ctrl-C and its like. The first signal ends a run gracefully, the second at once; in both cases the run's own end cleans up.
///
/// The signals are blocked in every thread and taken one by one by the first, so that none comes at a bad moment.
final class Interrupts: Sendable {
    /// Ends the run that this process is about.
    let cancellation = Cancellation()
    private let isTaking: Bool
    private let state = Mutex(State())

    private struct State {
        var first: CInt?
        var isRunOver = false
    }

    /// To be called while there is one thread. Without `taken` the signals end the process as ever.
    init(taken: Bool) {
        isTaking = taken
        if !taken { return }
        var set = Interrupts.signals
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A stopped supervisor would keep no deadline. Reading the terminal from the background fails instead.
        for number in [SIGTSTP, SIGTTIN, SIGTTOU] { signal(number, SIG_IGN) }
    }

    /// The signal that came first, if any did.
    var first: CInt? { state.withLock { $0.first } }

    /// From here on nothing is left to be cleaned up, and a signal ends the process.
    func runIsOver() { state.withLock { $0.isRunOver = true } }

    /// The first thread's work for the rest of its life.
    func serve() -> Never {
        var set = Interrupts.signals
        while true {
            var number: CInt = 0
            if !isTaking {
                pause()
            } else if sigwait(&set, &number) == 0 {
                take(number)
            }
        }
    }

    private func take(_ number: CInt) {
        let isRunOver = state.withLock { state in
            if state.first == nil { state.first = number }
            return state.isRunOver
        }
        if isRunOver { leave(.signal(number)) }
        cancellation.cancel()
    }

    /// Those that the caller did not have ignored, as nohup(1) and shells for background commands do.
    private static let signals: sigset_t = {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var action = sigaction()
            sigaction(number, nil, &action)
            let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            if handler != unsafeBitCast(SIG_IGN, to: Int.self) { sigaddset(&set, number) }
        }
        return set
    }()
}
