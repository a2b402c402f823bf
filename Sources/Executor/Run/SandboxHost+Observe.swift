import Glibc
import ProcessSupervisor

extension SandboxHost {
    /// What can only be seen once the run is over and its leaf is still there. Costs nothing for a run that ended by itself.
    func observe(
        _ attempt: RunRecord.Attempt, _ request: RunRequest, _ leaf: LeafHandle, _ log: KernelLog, uid: uid_t,
        _ record: inout RunRecord
    ) async {
        guard case .ended(let facts) = attempt else { return }
        record.memoryUsers = leaf.memoryUsersAtLanding
        if facts.reason != nil { record.hostPressure.after = pressure.reading() }
        let isFiltered =
            switch facts.ending {
            case .signaled(SIGSYS, _), .killedWithSandbox(SIGSYS): !request.logsRefusals
            default: false
            }
        if isFiltered { record.kernelLog = await blocking { log.filteredCalls(of: uid) } }
    }
}
