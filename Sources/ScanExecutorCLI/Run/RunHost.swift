import Executor
import Glibc
import Logging

/// This host, prepared for one run of this process.
enum RunHost {
    static func prepare(_ settings: HostSettings, isQuiet: Bool) async throws -> SandboxHost {
        // What it would log is said below, in our own words.
        let host = try await SandboxHost.prepare(
            settings, logger: Logger(label: "scan-executor", factory: { _ in SwiftLogNoOpLogHandler() }))
        if !isQuiet {
            for leaf in host.reclaimed { StandardStreams.complain(ReclaimedLine.text(leaf)) }
        }
        return host
    }

    /// Unlike every other of this host's, and fit for a cgroup's name.
    static func taskID() -> String {
        "\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }
}
