import Glibc
import SystemSupport
import Testing

@testable import Executor

/// An audit of one test, gone with it.
final class TestAudit {
    let path: String

    init(in parent: String = "/tmp") throws {
        path = "\(parent)/audit-tests-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] { ((try? BeneathDirectory(path: path).entryNames()) ?? []).sorted() }
    var files: [String] { names.filter { $0.hasSuffix(".jsonl") } }

    func log(_ sync: AuditSettings.Sync = .never, rotateBytes: Int64 = 64 << 20) throws -> AuditLog {
        try AuditLog(AuditSettings(directory: path, rotateBytes: rotateBytes, sync: sync))
    }

    func bytes(_ name: String) throws -> [UInt8] {
        try OwnedDescriptor.open("\(path)/\(name)", O_RDONLY).readAll(limit: 1 << 26, object: name)
    }

    func lines(_ name: String) throws -> [String] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func replace(_ name: String, with bytes: [UInt8]) throws {
        unlink("\(path)/\(name)")
        try writeFile("\(path)/\(name)", bytes)
    }

    func replace(_ name: String, lines: [String]) throws {
        try replace(name, with: Array(lines.map { $0 + "\n" }.joined().utf8))
    }

    func verify(_ adjust: (inout AuditVerifier) -> Void = { _ in }) throws -> AuditVerification {
        var verifier = AuditVerifier(directory: path)
        adjust(&verifier)
        return try verifier.verify()
    }

    /// The whole audit, as it can be put back.
    func snapshot() throws -> [String: [UInt8]] {
        try Dictionary(uniqueKeysWithValues: names.map { ($0, try bytes($0)) })
    }
}

/// A small record; `name` is its task.
func auditRecord(_ name: String, id: String? = nil, printing output: String? = nil) -> AuditRecord {
    var report = RunReport(
        verdict: Verdict(
            kind: .clean, failureClass: .none, exitCode: 0, evidence: [Evidence(source: "wait status", text: "exit 0")])
    )
    report.taskID = name
    report.startedAt = Timestamp(milliseconds: 1_772_000_000_000)
    report.endedAt = Timestamp(milliseconds: 1_772_000_001_000)
    report.output.stdout = output
    var stamp = AuditStamp(id: id ?? ULID.make())
    stamp.target = "/srv/tree"
    return AuditRecord(report, stamp)
}

extension AuditVerification {
    var kinds: Set<Break.Kind> { Set(breaks.map(\.kind)) }
}
