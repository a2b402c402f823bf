import CgroupV2

/// The record of a run whose worker died, from what is left of it: the lease, and the last readings of the cgroup.
struct RecoveredRun {
    let record: AuditRecord

    init(_ run: Reclaimed, _ lease: Lease, _ ticket: RunTicket) {
        let ended = Timestamp.now
        var report = RunReport(verdict: RecoveredRun.verdict(run, lease))
        report.taskID = lease.task
        report.attempt = Int(lease.attempt)
        report.scanner = ticket.scanner
        report.host = HostName.current
        report.startedAt = ticket.startedAt
        // When it was found dead, or was killed: it ended then at the latest.
        report.endedAt = ended
        report.profile = ticket.profile
        report.cgroup = "tasks/\(run.type)/\(run.name)"
        if let usage = run.usage { report.usage.fill(from: usage) }
        var stamp = AuditStamp.ofThisHost(id: ticket.auditID)
        stamp.target = ticket.target
        stamp.worker = lease.worker.id
        stamp.isRecovered = true
        record = AuditRecord(report, stamp)
    }

    /// Cancelled, by nobody's wish: no failure of the scanner's is known. But where the kernel killed for lack of memory, it says so.
    private static func verdict(_ run: Reclaimed, _ lease: Lease) -> Verdict {
        let what =
            run.wasPopulated
            ? "the run was killed by the next start" : "nothing of the run lived any more at the next start"
        let died = Evidence(
            source: "lease", field: "worker",
            text:
                "worker \(lease.worker.id) (pid \(lease.worker.pid)) died before the run's record was written; \(what)")
        guard let kills = run.usage?.memory?.events?.oomKill, kills > 0 else {
            return Verdict(kind: .cancelled, failureClass: .none, evidence: [died])
        }
        let oom = Evidence(
            source: "memory.events", field: "oom_kill", before: 0, after: Int64(clamping: kills),
            text: "the kernel killed \(kills) of the run's processes for lack of memory")
        return Verdict(kind: .oomKilled, failureClass: .transient, evidence: [oom, died])
    }
}

extension AuditStamp {
    /// What is the same for all records of this process.
    static func ofThisHost(id: String) -> AuditStamp {
        var stamp = AuditStamp(id: id)
        stamp.kernel = KernelRelease.current
        stamp.executorVersion = ExecutorVersion.current
        return stamp
    }
}
