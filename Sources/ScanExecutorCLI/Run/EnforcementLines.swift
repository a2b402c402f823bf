import Executor

/// One line for each limit that is not held as it should be, for stderr.
enum EnforcementLines {
    static func of(_ enforcement: Enforcement) -> [String] {
        enforcement.warnings
            + Enforcement.Subject.allCases.compactMap { subject in
                guard enforcement.means[subject] == .rlimit, let note = enforcement.notes[subject] else { return nil }
                return "\(subject.rawValue) is not enforced as a whole: \(note)"
            }
    }
}
