import Executor

/// One line for each limit that is not held as it should be, and for a missing /proc, for stderr.
enum EnforcementLines {
    /// What is said here; the rest is confinement, and stands in the report.
    static let subjects: [Enforcement.Subject] = [.cpu, .memory, .pids, .io, .proc]

    static func of(_ enforcement: Enforcement) -> [String] { subjects.compactMap(enforcement.warning) }
}
