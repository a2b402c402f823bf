import CSystemSupport
import DequeModule
import Dispatch
import Glibc
import Synchronization
import SystemSupport

/// Empty network namespaces, made ahead by a thread of their own.
///
/// Making one is more than half of the kernel's work in a launch. Each is used by one run and never again: a namespace that
/// had a tenant may hold what the tenant left.
final class NetworkNamespaces: Sendable {
    private struct State {
        var ready = Deque<SharedDescriptor>()
        /// Asked for and not there yet.
        var underWay = 0
    }

    private let state = Mutex(State())
    private let wanted = DispatchSemaphore(value: 0)
    private let count: Int

    /// - Parameter count: how many are kept ready. 0: none, and no thread.
    init(count: Int) throws(SystemError) {
        self.count = count
        if count == 0 { return }
        try SystemThread.start("networks") { [self] in
            while true {
                wanted.wait()
                make()
            }
        }
        _ = take(refillOnly: true)
    }

    /// One that nobody had, and others are made; nil where none is ready.
    func take() -> SharedDescriptor? { take(refillOnly: false) }

    private func take(refillOnly: Bool) -> SharedDescriptor? {
        let (taken, missing) = state.withLock { state in
            let taken = refillOnly ? nil : state.ready.popFirst()
            let missing = count - state.ready.count - state.underWay
            state.underWay += missing
            return (taken, missing)
        }
        for _ in 0..<missing { wanted.signal() }
        return taken
    }

    /// A failure is not reported from here: the launch makes its own and tells why it cannot, and the next one asks again.
    private func make() {
        var made: SharedDescriptor?
        if csys_unshare_network() == 0,
            let namespace = try? OwnedDescriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        {
            made = SharedDescriptor(owning: namespace)
        }
        state.withLock { state in
            state.underWay -= 1
            if let made { state.ready.append(made) }
        }
    }
}
