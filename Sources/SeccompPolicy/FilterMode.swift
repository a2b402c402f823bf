/// What a compiled filter is for.
public enum FilterMode: String, Sendable, CaseIterable {
    /// Refuses as the profile says.
    case enforce
    /// Refuses nothing that a name stands for: what the profile refuses waits for the supervisor, which counts it and lets
    /// it go on (SECCOMP_RET_USER_NOTIF, Linux 5.5 with SECCOMP_USER_NOTIF_FLAG_CONTINUE). See ``RefusalRecorder``.
    ///
    /// Preferred to ``log``: the kernel's log is rate-limited, names no run, and only reaches dmesg(1) where no audit daemon
    /// takes it; in many containers nobody can read it at all.
    case notify
    /// Likewise, but the kernel itself writes each call to its audit log (SECCOMP_RET_LOG, Linux 4.14). For kernels
    /// that are too old for ``notify``.
    case log

    /// The answer in this mode where the profile says `action`. Entry by a foreign architecture is no profile's
    /// to allow and kills in every mode.
    func answer(for action: SeccompAction) -> SeccompAction {
        switch self {
        case .enforce: action
        case .notify: action.permits ? action : .notify
        case .log: action.permits ? action : .log
        }
    }
}
