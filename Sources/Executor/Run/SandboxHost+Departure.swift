import CgroupV2
import Glibc
import ProcessSupervisor
import SystemSupport

/// How a run leaves: its processes first, then its record, then its cgroup, then its uid. So wherever this process dies, a cgroup
/// with a lease is found at the next start as long as the record is missing, and is told from one that has its record by the
/// id in the lease.
extension SandboxHost {
    /// How long the processes of a run have to die.
    private static let deathBound: Duration = .seconds(10)

    /// At once where all is dead, as it is once pid 1 is; else with a bound, away from the cooperative pool.
    func empty(_ leaf: LeafHandle) async -> RunFacts.Cleanup {
        if leaf.empty(within: .zero) == .done { return .done }
        return await blocking { leaf.empty(within: Self.deathBound) }
    }

    /// Records the run and removes what is left of it. What cannot be done now goes on in the background, and keeps its uid.
    func depart(
        _ leaf: LeafHandle, _ slot: consuming UserSlots.Slot, cleanup: RunFacts.Cleanup, _ stamp: AuditStamp,
        to audit: AuditLog?, _ outcome: inout RunOutcome
    ) async {
        var unrecorded: Leftover.Pending?
        if let audit {
            let record = AuditRecord(outcome.report, stamp)
            let newest = audit.newestSequence
            do throws(ExecutorError) { outcome.audited = try await audit.append(record) } catch {
                outcome.auditProblem = error
                unrecorded = Leftover.Pending(record: record, after: newest)
            }
        }
        settings.onStep?(.recorded)
        guard let owned = leaf.take() else { return }
        let isReady = cleanup == .done && unrecorded == nil
        let rest: CgroupLeaf
        if isReady {
            switch owned.remove(within: .zero) {
            case .removed:
                settings.onStep?(.removed)
                release(slot)
                return
            case .stillPopulated(let leaf): rest = leaf
            case .failed(let leaf, _): rest = leaf
            }
        } else {
            rest = owned
        }
        let leftover = Leftover(rest, slot, unrecorded: unrecorded, log: audit)
        // Somebody made a cgroup in it a moment ago, or moved a process there.
        if isReady, await blocking({ leftover.finish(within: Self.deathBound) }) == .done { return }
        leftovers.add(leftover)
    }

    private func release(_ slot: consuming UserSlots.Slot) {
        _ = consume slot
        settings.onStep?(.released)
    }

    // MARK: - What is known of a run before it begins

    /// Where the run is recorded; nil where it is not.
    func log(_ request: RunRequest) -> AuditLog? { request.isAudited ? audit : nil }

    func stamp(_ request: RunRequest) -> AuditStamp {
        guard log(request) != nil else { return AuditStamp(id: "") }
        var stamp = AuditStamp.ofThisHost(id: ULID.make())
        stamp.target = request.target.map(Self.absolute)
        stamp.scannerVersion = request.scannerVersion
        stamp.proofSHA256 = settings.proofSHA256
        stamp.worker = settings.workerID
        return stamp
    }

    /// For the lease: all that a later start needs to write the record in our place.
    func notes(
        _ request: RunRequest, _ stamp: AuditStamp, _ startedAt: Timestamp, for lease: Lease
    ) -> [String: String] {
        guard let audit = log(request) else { return [:] }
        var ticket = RunTicket(
            auditID: stamp.id, auditDirectory: audit.settings.directory, auditAfter: audit.newestSequence,
            startedAt: startedAt)
        ticket.target = stamp.target
        ticket.scanner = request.scanner
        ticket.profile = request.profile
        return ticket.notes(for: lease)
    }

    /// As the caller means it: from its working directory.
    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return "\(String(cString: here))/\(path)"
    }
}

extension RunFacts.Cleanup {
    /// True unless something may still run.
    var isOverWithProcesses: Bool { if case .stillPopulated = self { false } else { true } }
}
