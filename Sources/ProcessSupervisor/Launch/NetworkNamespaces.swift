import CSystemSupport
import DequeModule
import Dispatch
import Glibc
import Synchronization
import SystemSupport

/// Empty network namespaces, made ahead and taken down together, by a thread of their own.
///
/// Making one takes the kernel longer than all the rest of a launch; taking one down holds the lock that making needs
/// (RTNL) over several grace periods, for one namespace as long as for a hundred. So each used one is held open until a
/// batch of them goes at once, or until nothing is launched. Each is used by one run and never again: a namespace that had
/// a tenant may hold what the tenant left.
final class NetworkNamespaces: Sendable {
    /// Each namespace held costs a descriptor and some memory of the kernel's. While a batch is taken down, launches live on
    /// those that are ready.
    private static let batch = 64
    /// Without a launch for so long, what is held is let go.
    private static let idle = DispatchTimeInterval.milliseconds(200)

    private struct State {
        var ready = Deque<SharedDescriptor>()
        var used: [SharedDescriptor] = []
    }

    private let state = Mutex(State())
    private let taken = DispatchSemaphore(value: 0)
    private let count: Int

    /// - Parameter count: how many are kept ready. 0: none, and no thread.
    init(count: Int) throws(SystemError) {
        self.count = count
        if count == 0 { return }
        try SystemThread.start("networks") { [self] in
            for _ in 0..<count { _ = make() }
            while true {
                if taken.wait(timeout: .now() + Self.idle) == .success {
                    refill()
                    letGo(from: Self.batch)
                } else {
                    letGo(from: 1)
                    taken.wait()
                    refill()
                }
            }
        }
    }

    /// One that nobody had, and another is made; nil where none is ready. Then too the thread is told, so that a shortage that
    /// is over does not leave it without any for good.
    func take() -> SharedDescriptor? {
        let namespace = state.withLock { state in
            let namespace = state.ready.popFirst()
            if let namespace { state.used.append(namespace) }
            return namespace
        }
        if count > 0 { taken.signal() }
        return namespace
    }

    /// Two for one that was taken, while some are missing: so those that failed are made later. Not all at once, or under
    /// load nothing used would be let go.
    private func refill() {
        for _ in 0..<2 where state.withLock({ $0.ready.count }) < count {
            if !make() { return }
        }
    }

    /// A failure is not reported from here: the launch makes its own, and tells why it cannot.
    private func make() -> Bool {
        guard csys_unshare_network() == 0,
            let namespace = try? OwnedDescriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        else { return false }
        let shared = SharedDescriptor(owning: namespace)
        state.withLock { $0.ready.append(shared) }
        return true
    }

    private func letGo(from count: Int) {
        let batch = state.withLock { state in
            if state.used.count < count { return [SharedDescriptor]() }
            defer { state.used.removeAll() }
            return state.used
        }
        withExtendedLifetime(batch) {}
    }
}
