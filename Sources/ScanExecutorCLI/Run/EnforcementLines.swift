import Executor

/// One line for each limit that is not held as it should be, for stderr.
enum EnforcementLines {
    /// What can be limited; the rest is confinement, and stands in the report.
    static let limits: [Enforcement.Subject] = [.cpu, .memory, .pids, .io]

    static func of(_ enforcement: Enforcement) -> [String] {
        limits.compactMap { subject in
            let note = enforcement.notes[subject].map { ": \($0)" } ?? ""
            return switch enforcement.means[subject] {
            case .some(.none): "\(subject.rawValue) is not enforced\(note)"
            case .rlimit: "\(subject.rawValue) is not enforced as a whole\(note)"
            default: nil
            }
        }
    }
}
