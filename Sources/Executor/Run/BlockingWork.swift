import Dispatch

/// Runs `work`, which may block, on Dispatch's threads: the cooperative pool is never made to wait.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(returning: work()) }
    }
}
