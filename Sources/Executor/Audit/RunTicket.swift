import CgroupV2
import Glibc

/// What the lease of a run says of it, so that whoever ends the run after a crash can write its record, once and in the right
/// place.
struct RunTicket: Equatable {
    /// Of the record, as ``AuditStamp/id``.
    var auditID: String
    /// The directory of the audit that the record belongs to.
    var auditDirectory: String
    /// The newest record when the run began: its own comes after.
    var auditAfter: UInt64
    var startedAt: Timestamp
    var target: String?
    var scanner: String?
    var profile: RunReport.Content?

    init(auditID: String, auditDirectory: String, auditAfter: UInt64, startedAt: Timestamp) {
        self.auditID = auditID
        self.auditDirectory = auditDirectory
        self.auditAfter = auditAfter
        self.startedAt = startedAt
    }

    /// For a target, as it is encoded. With the directory, which may have as much, and the rest it fits in a lease.
    private static let targetLimit = 1500

    var notes: [String: String] {
        var notes = [
            "audit_id": auditID, "audit_dir": auditDirectory, "audit_after": "\(auditAfter)",
            "started_ms": "\(startedAt.milliseconds)",
        ]
        notes["target"] = target.map(Self.shortened)
        notes["scanner"] = scanner
        notes["profile"] = profile?.name
        notes["profile_sha256"] = profile?.sha256
        return notes
    }

    /// Nil where the run had none, or what is there is none of ours.
    init?(_ lease: Lease) {
        let notes = lease.notes
        guard let id = notes["audit_id"], id.utf8.count == ULID.length, id.utf8.allSatisfy(ULID.isDigit),
            let directory = notes["audit_dir"], let started = notes["started_ms"].flatMap({ Int64($0) }),
            let after = notes["audit_after"].flatMap({ AuditPosition.sequence(Array($0.utf8)[...]) })
        else { return nil }
        self.init(
            auditID: id, auditDirectory: directory, auditAfter: after, startedAt: Timestamp(milliseconds: started))
        target = notes["target"]
        scanner = notes["scanner"]
        profile = notes["profile"].map { RunReport.Content(name: $0, sha256: notes["profile_sha256"]) }
    }

    /// The first part of a path that is too long for a lease, with a mark.
    private static func shortened(_ path: String) -> String {
        if LeaseCodec.size(ofNote: "target", path) <= targetLimit { return path }
        var rest = Substring(path)
        while LeaseCodec.size(ofNote: "target", "\(rest)…") > targetLimit { rest = rest.dropLast() }
        return "\(rest)…"
    }
}
