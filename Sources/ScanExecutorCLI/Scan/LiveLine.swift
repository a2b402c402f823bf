import Dispatch
import Executor
import Glibc
import Synchronization
import SystemSupport

/// One line on the terminal that shows a run while it goes on, five times a second. Only what the kernel reports; gone at the end.
final class LiveLine: Sendable {
    private let name: String
    private let limits: ScannerLimits
    private let ended = DispatchSemaphore(value: 0)
    private let erased = DispatchSemaphore(value: 0)
    private let isStarted = Atomic<Bool>(false)

    /// Nil where stderr is no terminal that can erase a line.
    init?(_ profile: ScannerProfile) {
        guard StandardStreams.error.isTerminal, getenv("TERM").map({ String(cString: $0) }) != "dumb" else {
            return nil
        }
        name = profile.name
        limits = profile.limits
    }

    func start(_ usage: @escaping @Sendable () -> LiveUsage) {
        isStarted.store(true, ordering: .releasing)
        do {
            try SystemThread.start("live-line") { [self] in
                repeat {
                    let text = LiveLine.text(usage(), name, limits, columns: LiveLine.columns)
                    StandardStreams.error.write("\r\u{1B}[K\(text)")
                } while ended.wait(timeout: .now() + .milliseconds(200)) == .timedOut
                StandardStreams.error.write("\r\u{1B}[K")
                erased.signal()
            }
        } catch {
            // A run without its line is still a run.
            isStarted.store(false, ordering: .releasing)
        }
    }

    /// Erases the line and waits until it is.
    func stop() {
        guard isStarted.exchange(false, ordering: .acquiring) else { return }
        ended.signal()
        erased.wait()
    }

    /// `bandit  12.4 s  cpu 11.9 s  memory 210.0 MiB of 1.0 GiB  3 of 32 processes`
    static func text(_ usage: LiveUsage, _ name: String, _ limits: ScannerLimits, columns: Int) -> String {
        var parts = [name, seconds(usage.elapsed)]
        if let cpu = usage.cpu { parts.append("cpu \(seconds(cpu))") }
        if let memory = usage.memory { parts.append("memory \(size(memory)) of \(limits.memory)") }
        if let tasks = usage.tasks { parts.append("\(tasks) of \(limits.pids) processes") }
        // The last column stays free: some terminals wrap when it is filled.
        return String(parts.joined(separator: "  ").prefix(max(0, columns - 1)))
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = duration.wholeMilliseconds / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }

    private static func size(_ size: ByteCount) -> String {
        let tenths = (size.bytes * 10) >> 20
        return "\(tenths / 10).\(tenths % 10) MiB"
    }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
