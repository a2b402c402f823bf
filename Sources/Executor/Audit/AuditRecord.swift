import SystemSupport

/// What the audit keeps of one run: its report, and who ran what where.
public struct AuditRecord: Sendable, Equatable {
    public var report: RunReport
    public var stamp: AuditStamp

    public init(_ report: RunReport, _ stamp: AuditStamp) {
        self.report = report
        self.stamp = stamp
    }

    /// The line but for its number and the hash before it, which are known once its turn comes.
    func encoded() -> AuditEntry {
        let (bounded, omitted) = report.boundedForAudit()
        var before = Array(bounded.json().utf8)
        before.removeLast()
        before += Array(#","audit":{"id":"\#(stamp.id)","sequence":"#.utf8)
        var writer = JSONWriter()
        writer.object { writer in
            writer.string("target", stamp.target)
            writer.string("kernel", stamp.kernel)
            writer.string("executor_version", stamp.executorVersion)
            writer.string("scanner_version", stamp.scannerVersion)
            writer.string("proof_sha256", stamp.proofSHA256)
            if stamp.isRecovered { writer.boolean("recovered", true) }
            writer.string("worker", stamp.worker)
            if omitted > 0 { writer.integer("artifacts_omitted", omitted) }
        }
        return AuditEntry(before: before, after: Array(writer.text.utf8.dropFirst()))
    }
}

/// Of a run, what is not in its report. Nil is what is not known.
public struct AuditStamp: Sendable, Equatable {
    /// A ULID: unlike a task's id, no other run ever has it.
    public var id: String
    /// The scanned tree, as it was named; nil for none.
    public var target: String?
    /// uname(2)'s release.
    public var kernel: String?
    public var executorVersion: String?
    public var scannerVersion: String?
    /// Of the last `doctor --prove` on this host.
    public var proofSHA256: String?
    /// The worker died, and a later one wrote this from the run's lease and its cgroup.
    public var isRecovered = false
    /// Who ran it; of a recovered run the dead one.
    public var worker: String?

    public init(id: String) { self.id = id }
}

/// One line, short of its number and the hash of the line before.
struct AuditEntry: Sendable {
    var before: [UInt8]
    /// From the member after `previous`, without a comma before it.
    var after: [UInt8]

    /// Without the newline. `mended`, where there is any, says what was found wrong with the files and put right.
    func line(_ sequence: UInt64, following previous: String, mended: String?) -> [UInt8] {
        var line = before
        line += Array(#"\#(sequence),"previous":"\#(previous)""#.utf8)
        if let mended {
            var writer = JSONWriter()
            writer.object { $0.string("mended", mended) }
            line.append(UInt8(ascii: ","))
            line += Array(writer.text.utf8.dropFirst().dropLast())
        }
        if after.count > 1 { line.append(UInt8(ascii: ",")) }
        line += after
        line.append(UInt8(ascii: "}"))
        return line
    }
}

extension RunReport {
    /// Of what a run printed, and of its artifacts, the audit keeps the first; the report itself has more.
    static let auditedOutputBytes = 4 << 10
    static let auditedArtifacts = 128
    static let auditedPathBytes = 16 << 10
    static let auditedEvidence = 16
    static let auditedTextBytes = 512

    /// A report whose size has a bound, and how many artifacts it leaves out.
    func boundedForAudit() -> (report: RunReport, omittedArtifacts: Int) {
        var report = self
        func cut(_ text: String?, _ limit: Int) -> String? {
            text.map { $0.utf8.count <= limit ? $0 : String(decoding: $0.utf8.prefix(limit), as: UTF8.self) + "…" }
        }
        for output in [\Output.stdout, \Output.stderr] {
            guard let text = report.output[keyPath: output], text.utf8.count > RunReport.auditedOutputBytes else {
                continue
            }
            report.output[keyPath: output] = cut(text, RunReport.auditedOutputBytes)
            report.output.truncated = true
        }
        report.artifacts = []
        var bytes = 0
        for artifact in artifacts.prefix(RunReport.auditedArtifacts) {
            bytes += artifact.path.utf8.count
            if bytes > RunReport.auditedPathBytes { break }
            report.artifacts.append(artifact)
        }
        report.verdict.evidence = verdict.evidence.prefix(RunReport.auditedEvidence).map { item in
            var item = item
            item.text = cut(item.text, RunReport.auditedTextBytes) ?? ""
            return item
        }
        return (report, artifacts.count - report.artifacts.count)
    }
}
