public import CgroupV2
import SystemSupport

/// The end of runs whose worker died: whatever lives is killed, the missing record written once, the cgroup removed.
///
/// The leaf and its lease are there from before the run began until its record is durable, and whoever records holds the
/// leaf's lock. So a record is missing exactly where a leaf is found whose id no record has; and a reaper that dies halfway leaves
/// the leaf for the next.
public final class RunRecovery {
    private let own: AuditLog?
    private let onRecorded: (@Sendable (RunStep) -> Void)?
    private var others: [String: AuditLog] = [:]
    private var recorded: [String: RecordedRuns] = [:]

    /// - Parameter own: the audit of this process. Records go to the audit that the dead run belonged to, which its lease
    ///   names.
    public convenience init(own: AuditLog?) { self.init(own: own, onRecorded: nil) }

    init(own: AuditLog?, onRecorded: (@Sendable (RunStep) -> Void)?) {
        self.own = own
        self.onRecorded = onRecorded
    }

    /// As ``CgroupTree/reap(within:unleasedAge:mayReap:record:)``, with records.
    public func reap(_ tree: CgroupTree, within bound: Duration) throws(CgroupError) -> [Reclaimed] {
        try tree.reap(within: bound, record: { try record($0) })
    }

    private func record(_ run: Reclaimed) throws(ExecutorError) {
        guard let lease = run.lease, let ticket = RunTicket(lease) else { return }
        let log = try log(ticket.auditDirectory)
        do throws(SystemError) {
            let known = recorded[log.settings.directory] ?? log.recordedRuns()
            recorded[log.settings.directory] = known
            if try known.contains(ticket.auditID, after: ticket.auditAfter) { return }
        } catch { throw AuditLog.explain(error, ticket.auditDirectory) }
        try log.appendNow(RecoveredRun(run, lease, ticket).record)
        onRecorded?(.recovered)
    }

    private func log(_ directory: String) throws(ExecutorError) -> AuditLog {
        if let own, own.settings.directory == directory { return own }
        if let known = others[directory] { return known }
        let log = try AuditLog(AuditSettings(directory: directory))
        others[directory] = log
        return log
    }
}
