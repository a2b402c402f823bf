import Glibc
import ProcessSupervisor
import Synchronization
import SystemPackage
import SystemSupport

/// Another run on the same host, which holds what no other may find.
final class ProofHolder: Sendable {
    private let cancellation = Cancellation()
    private let ended: Mutex<String?>
    private let task: Mutex<Task<Void, Never>?>

    private init() {
        ended = Mutex(nil)
        task = Mutex(nil)
    }

    /// Starts it, and waits until it holds everything.
    static func start(_ request: RunRequest, on host: SandboxHost) async throws -> ProofHolder {
        let holder = ProofHolder()
        let pipe = try OwnedDescriptor.pipe()
        let reader = SharedDescriptor(owning: pipe.readEnd)
        var request = request
        request.standardOutput = SharedDescriptor(owning: pipe.writeEnd)
        let run = request
        holder.task.withLock {
            $0 = Task {
                let how: String
                do {
                    let outcome = try await host.run(run, cancellation: holder.cancellation)
                    how = outcome.report.verdict.evidence.first?.text ?? outcome.report.verdict.kind.rawValue
                } catch { how = "\(error)" }
                holder.ended.withLock { $0 = how }
            }
        }
        let isReady = await blocking { holder.awaitWord(reader.descriptor.raw) }
        withExtendedLifetime(reader) {}
        if isReady { return holder }
        await holder.end()
        throw ExecutorError(
            .host, "the run that holds what others must not find did not start: \(holder.problem ?? "it said nothing")")
    }

    /// Why it is gone; nil while it is there.
    var problem: String? { ended.withLock { $0 } }

    /// The first byte that it prints is its word.
    private func awaitWord(_ descriptor: CInt) -> Bool {
        // The run has a deadline of its own; this is only how often its end is looked for.
        while problem == nil {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&wait, 1, 100) > 0 { return wait.revents & Int16(POLLIN) != 0 }
        }
        return false
    }

    func end() async {
        cancellation.cancel()
        await task.withLock { $0 }?.value
    }
}
