import Dispatch
import Executor
import Glibc
import ProcessSupervisor
import Synchronization
import SystemSupport

/// stdout and stderr of one `exec`.
struct ExecStreams {
    private let out: OutputRelay
    /// Nil where both of ours are one file, as with `2>&1` or on a terminal: one pipe keeps the order.
    private let errors: OutputRelay?

    var standardOutput: SharedDescriptor { out.writer }
    var standardError: SharedDescriptor { errors?.writer ?? out.writer }

    /// - Parameter printedLimit: ends the run when both together exceed it.
    init(printedLimit: ByteCount?, _ cancellation: Cancellation) throws(SystemError) {
        let total = Total()
        let onBytes: @Sendable (Int) -> Void = { count in
            guard let printedLimit else { return }
            let (old, new) = total.bytes.add(UInt64(count), ordering: .relaxed)
            let limit = UInt64(printedLimit.bytes)
            if old <= limit && new > limit { cancellation.cancel(.outputLimit) }
        }
        out = try OutputRelay(to: .output, onBytes: onBytes)
        errors = Self.areOneFile ? nil : try OutputRelay(to: .error, onBytes: onBytes)
    }

    /// Of what was printed, what could not be passed on.
    struct Loss {
        /// Why, for the first stream where it is so.
        var error: SystemError?
        /// Nobody reads stderr: a word of ours would wait there for ever.
        var isErrorStuck = false
    }

    /// Waits until all that was printed has been passed on.
    /// - Parameter bound: how long both may take; nil waits for ever, as a pipe between any two programs does.
    func finish(within bound: Duration? = nil) -> Loss {
        let end = bound.map { DispatchTime.now() + .milliseconds(Int(clamping: $0.wholeMilliseconds)) }
        let (first, second) = (out.finish(until: end), errors?.finish(until: end))
        let failures = [first.map { ("stdout", $0) }, second.map { ("stderr", $0) }]
        return Loss(
            error: failures.compactMap { $0 }.first.map { SystemError("write", $0.0, $0.1) },
            isErrorStuck: (errors == nil ? first : second) == .timedOut)
    }

    /// What of the output is known: nothing of each stream where they went through one pipe.
    func count(in output: inout RunReport.Output) {
        guard let errors else { return }
        output.stdoutBytes = Int64(clamping: out.bytes)
        output.stderrBytes = Int64(clamping: errors.bytes)
    }

    private final class Total: Sendable {
        let bytes = Atomic<UInt64>(0)
    }

    private static var areOneFile: Bool {
        var (first, second) = (stat(), stat())
        return fstat(1, &first) == 0 && fstat(2, &second) == 0 && first.st_dev == second.st_dev
            && first.st_ino == second.st_ino
    }
}
