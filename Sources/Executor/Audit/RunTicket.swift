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

    /// For `lease`, which gets them: the target, shortened to what everything else leaves of its 4 KiB, or left out.
    func notes(for lease: Lease) -> [String: String] {
        var notes = [
            "audit_id": auditID, "audit_dir": auditDirectory, "audit_after": "\(auditAfter)",
            "started_ms": "\(startedAt.milliseconds)",
        ]
        notes["scanner"] = scanner
        notes["profile"] = profile?.name
        notes["profile_sha256"] = profile?.sha256
        var full = lease
        full.notes = notes
        notes["target"] = target.flatMap { Self.shortened($0, to: LeaseCodec.room(in: full)) }
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

    /// The first part of a path that is too long, with a mark; nil where there is no room for any of it.
    private static func shortened(_ path: String, to room: Int) -> String? {
        if LeaseCodec.size(ofNote: "target", path) <= room { return path }
        // Each character takes a byte at least.
        var rest = path.prefix(max(0, room))
        while !rest.isEmpty, LeaseCodec.size(ofNote: "target", "\(rest)…") > room { rest = rest.dropLast() }
        return rest.isEmpty ? nil : "\(rest)…"
    }
}
