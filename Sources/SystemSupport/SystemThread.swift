import CSystemSupport
import Glibc
import Synchronization
import SystemPackage

/// A plain thread, for calls that block: the cooperative pool is never made to wait.
public enum SystemThread {
    /// Starts a detached thread that runs `body` once. `name` is cut to 15 bytes, as the kernel has it.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let thread = try create(name, body)
        pthread_detach(thread)
    }

    /// Runs `body` on a thread of its own and waits for it. Blocks the caller; for short work that must not touch the
    /// caller's own mount namespace, root or working directory.
    public static func runApart<Result: Sendable>(
        _ name: String, _ body: @escaping @Sendable () -> Result
    ) throws(SystemError) -> Result {
        let slot = Slot<Result>()
        let thread = try create(name) {
            let result = body()
            slot.value.withLock { $0 = result }
        }
        pthread_join(thread, nil)
        guard let value = slot.value.withLock({ $0 }) else { preconditionFailure("a joined thread left its value") }
        return value
    }

    private final class Slot<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private static func create(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> pthread_t
    {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 512 << 10)
        let box = Unmanaged.passRetained(Body(name, body))
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                csys_set_thread_name(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        if result != 0 {
            box.release()
            throw SystemError("start", "thread \(name)", Errno(rawValue: result))
        }
        return thread
    }
}
