import SystemSupport

/// The limits of one run as they were asked for; ``Enforcement`` says which of them held.
public struct AppliedLimits: Sendable, Equatable {
    /// Nil where nothing was asked for at all: the task was invalid.
    public var limits: ScannerLimits?
    public var deadlines: Deadlines?
    /// What all runs of the type, and all runs of the host, may use together; nil: no cap.
    public var typeCaps: AggregateCaps?
    public var allCaps: AggregateCaps?

    /// Nil where none was asked for.
    public var softLanding: SoftLanding?

    public init(limits: ScannerLimits? = nil, deadlines: Deadlines? = nil, softLanding: SoftLanding? = nil) {
        self.limits = limits
        self.deadlines = deadlines
        self.softLanding = softLanding
    }
}

/// What enforces each limit, or that nothing does.
public struct Enforcement: Sendable, Hashable {
    public enum Means: String, Sendable, Hashable, CaseIterable {
        case cgroup
        /// A feature of its own: a filter, Landlock, a namespace.
        case kernel
        case rlimit
        /// Asked for and not enforced; only under `best-effort`.
        case none
        case notRequested = "not requested"
    }

    /// The limits and confinements that a host may lack, in the report's order.
    public enum Subject: String, Sendable, Hashable, CaseIterable {
        case cpu, memory, pids, io, seccomp, landlock, network
        /// The sandbox's private /proc: only there where it could not be had.
        case proc
    }

    /// What enforces each. A subject that is missing here is absent from the report.
    public var means: [Subject: Means]
    /// Why a subject is enforced by less than its best means, or by nothing: one sentence each, with what to change.
    public var notes: [Subject: String]

    public init(_ means: [Subject: Means] = [:], notes: [Subject: String] = [:]) {
        self.means = means
        self.notes = notes
    }

    /// One line for each subject that nothing enforces, or only a stand-in, for people.
    public var warnings: [String] { Subject.allCases.compactMap(warning) }

    /// Nil for a subject that is held as it should be, or that nobody asked for.
    public func warning(_ subject: Subject) -> String? {
        let note = notes[subject].map { ": \($0)" }
        return switch means[subject] {
        case .some(.none): "\(subject.rawValue) is not enforced\(note ?? " on this host")"
        case .rlimit: "\(subject.rawValue) is not enforced as a whole\(note ?? "")"
        case .cgroup, .kernel, .notRequested, nil: nil
        }
    }
}
