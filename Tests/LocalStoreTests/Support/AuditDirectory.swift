import Executor
import Glibc
import SystemSupport
import Testing

/// An audit of a test's own, with a whole hash chain, written as the executor writes it. Gone with the test.
final class AuditDirectory {
    let path: String
    private(set) var sequence = 0
    private(set) var head = String(repeating: "0", count: 64)
    private var file = ""

    init() throws {
        var template = Array("/tmp/audit-tests-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
        path = String(cString: try #require(made))
    }

    deinit {
        guard let directory = try? BeneathDirectory(path: path), let names = try? directory.entryNames() else { return }
        for name in names where unlink("\(path)/\(name)") != 0 { rmdir("\(path)/\(name)") }
        rmdir(path)
    }

    /// Appends a record; the identifier of it.
    @discardableResult
    func append(_ report: RunReport, target: String? = nil, id: String? = nil, previous: String? = nil) throws -> String
    {
        sequence += 1
        if file.isEmpty { rotate() }
        let id = id ?? Self.identifier(sequence)
        var audit = JSONWriter()
        audit.object { writer in
            writer.string("id", id)
            writer.integer("sequence", sequence)
            writer.string("previous", previous ?? head)
            writer.string("target", target)
            writer.string("kernel", "6.1.0")
            writer.string("executor_version", "0.2.0")
        }
        try line(report.json().dropLast() + ",\"audit\":" + audit.text + "}")
        return id
    }

    /// Appends a line that is whatever it is; the chain goes on behind it.
    func line(_ text: String) throws {
        if file.isEmpty { rotate() }
        head = SHA256.hex(SHA256.digest(Array(text.utf8)))
        try raw(text + "\n")
    }

    /// Appends bytes outside the chain.
    func raw(_ text: String) throws {
        let file = try OwnedDescriptor.open("\(path)/\(self.file)", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        let bytes = Array(text.utf8)
        let count = bytes.withUnsafeBytes { write(file.raw, $0.baseAddress, $0.count) }
        try #require(count == bytes.count)
    }

    /// The next record begins a new file.
    func rotate() {
        let digits = String(sequence + (file.isEmpty && sequence > 0 ? 0 : 1))
        file = "audit-" + String(repeating: "0", count: 20 - digits.count) + digits + ".jsonl"
    }

    var currentFile: String { "\(path)/\(file)" }
    var indexFile: String { "\(path)/index.sqlite" }

    static func identifier(_ number: Int) -> String {
        let digits = String(number)
        return "01J0000000" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension RunReport {
    /// A run as tests need one; what is nil stays absent.
    static func made(
        _ scanner: String? = "bandit", _ kind: VerdictKind = .clean, partial: Bool = false, at time: Int64? = 0,
        wall: Int64? = 1000, cpu: Int64? = nil, memory: Int64? = nil, pids: Int64? = nil, limit: UInt32? = nil,
        task: String? = nil
    ) -> RunReport {
        let verdict = Verdict(
            kind: kind, failureClass: kind.isSuccess ? .none : .transient, partial: partial,
            evidence: [Evidence(source: "exit code", text: "as made by a test")])
        var applied = AppliedLimits()
        if let limit {
            applied.limits = ScannerLimits(cpu: CPUCount(millicores: 1000)!, memory: .mebibytes(limit), pids: 32)
            applied.deadlines = Deadlines(wall: .seconds(600), cpu: .seconds(600))
        }
        var report = RunReport(verdict: verdict, limits: applied)
        report.scanner = scanner
        report.taskID = task
        report.host = "host-a"
        // 2026-03-01
        report.startedAt = time.map { Timestamp(milliseconds: 1_772_323_200_000 + $0) }
        report.usage.wallMilliseconds = wall
        report.usage.cpuUserMicroseconds = cpu
        report.usage.memoryPeakBytes = memory
        report.usage.pidsPeak = pids
        return report
    }
}

/// As the benchmark's: the same numbers on every host.
struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
