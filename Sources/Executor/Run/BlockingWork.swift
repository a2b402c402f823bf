import Dispatch
import Synchronization

/// Runs `work`, which may block, on Dispatch's threads: the cooperative pool is never made to wait. What `work` holds is let go
/// before the answer is given, so that whoever hears it finds nothing of it open.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    let job = BlockingJob(work)
    return await withCheckedContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(returning: job.perform()) }
    }
}

private final class BlockingJob<Value: Sendable>: Sendable {
    private let work: Mutex<(@Sendable () -> Value)?>

    init(_ work: @escaping @Sendable () -> Value) { self.work = Mutex(work) }

    func perform() -> Value {
        guard let work = work.withLock({ $0.take() }) else { preconditionFailure("a job is done once") }
        return work()
    }
}
