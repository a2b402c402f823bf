import Executor

/// What the index takes from one line of the audit: a run report with its `audit` member.
struct AuditLine {
    /// Longest text kept of a name, an identifier and a path. Longer ones are cut: the whole record is in the file.
    static let longestName = 256
    static let longestPath = 4096

    var id = ""
    var sequence: Int64?
    /// 64 hexadecimal digits.
    var previous = ""
    var target: String?
    var taskID: String?
    /// Nil for `exec`.
    var scanner: String?
    var host: String?
    /// When the run started; where that is absent when it ended, or when the record was made. Milliseconds since 1970.
    var time: Int64?
    var verdict = ""
    var partial = false
    /// The limit that the verdict's evidence tells of.
    private var cut: AuditMetric?
    var used = MetricValues()
    var limits = MetricValues()

    /// True where the scanner did its work, and all of it: what a limit may never come below.
    var succeeded: Bool { !partial && (verdict == "clean" || verdict == "findings") }

    /// The limit that ended the run, or cut its work short: a partial success would have used more than it did. Nil: none.
    var limitMet: AuditMetric? {
        if partial && (verdict == "clean" || verdict == "findings") { return cut }
        return AuditMetric.atLimit(verdict)
    }

    /// Nil for what is no record of ours: no JSON, another schema, no identifier, no verdict.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        var cursor = LineCursor(bytes)
        var schema: String?
        var started: Int64?
        var ended: Int64?
        do throws(MalformedLine) {
            try cursor.object { (cursor, key) throws(MalformedLine) in
                switch key {
                case "schema": schema = try cursor.string(limit: 64)
                case "task_id": taskID = try cursor.string(limit: Self.longestName)
                case "scanner": scanner = try cursor.string(limit: Self.longestName)
                case "host": host = try cursor.string(limit: Self.longestName)
                case "started_at": started = try cursor.string(limit: 40).flatMap { TimeText.milliseconds($0) }
                case "ended_at" where started == nil:
                    ended = try cursor.string(limit: 40).flatMap { TimeText.milliseconds($0) }
                case "verdict": try readVerdict(&cursor)
                case "limits": try readLimits(&cursor)
                case "usage": try readUsage(&cursor)
                case "output": try readOutput(&cursor)
                case "artifacts": try readArtifacts(&cursor)
                case "audit": try readAudit(&cursor)
                default: try cursor.skip()
                }
            }
        } catch { return nil }
        guard cursor.isAtEnd, schema == RunReport.schema, !id.isEmpty, !verdict.isEmpty else { return nil }
        // What is kept of any time lies between 1970 and 9999, so that no day number surprises anybody.
        time = (started ?? ended ?? ULIDText.milliseconds(id)).flatMap {
            (0..<253_402_300_800_000).contains($0) ? $0 : nil
        }
    }

    private mutating func readVerdict(_ cursor: inout LineCursor) throws(MalformedLine) {
        try cursor.object { (cursor, key) throws(MalformedLine) in
            switch key {
            case "kind": verdict = try cursor.string(limit: 64) ?? ""
            case "partial": partial = try cursor.boolean() ?? false
            case "evidence": try readEvidence(&cursor)
            default: try cursor.skip()
            }
        }
    }

    /// What cuts a run that succeeds nevertheless (docs/outcomes.md, Partial): an OOM kill of one of its processes, and the soft
    /// landing ahead of the deadline or at memory.high.
    private mutating func readEvidence(_ cursor: inout LineCursor) throws(MalformedLine) {
        try cursor.array { cursor throws(MalformedLine) in
            var source: String?
            var field: String?
            try cursor.object { (cursor, key) throws(MalformedLine) in
                switch key {
                case "source": source = try cursor.string(limit: 64)
                case "field": field = try cursor.string(limit: 64)
                default: try cursor.skip()
                }
            }
            switch (source, field) {
            case ("memory.events", "oom_kill"), ("memory.events", "high"): cut = .memory
            case ("supervisor", "wall_us"): cut = cut ?? .wall
            default: break
            }
        }
    }

    private mutating func readLimits(_ cursor: inout LineCursor) throws(MalformedLine) {
        try cursor.object { (cursor, key) throws(MalformedLine) in
            switch key {
            case "wall_ms": limits[.wall] = try cursor.count()
            case "cpu_ms": limits[.cpu] = try cursor.count().map { Self.product($0, 1000) }
            case "memory_bytes": limits[.memory] = try cursor.count()
            case "pids": limits[.pids] = try cursor.count()
            case "output_bytes": limits[.printed] = try cursor.count()
            case "out_bytes": limits[.out] = try cursor.count()
            default: try cursor.skip()
            }
        }
    }

    private mutating func readUsage(_ cursor: inout LineCursor) throws(MalformedLine) {
        try cursor.object { (cursor, key) throws(MalformedLine) in
            switch key {
            case "wall_ms": used[.wall] = try cursor.count()
            case "cpu_user_us", "cpu_system_us": try add(cursor.count(), to: .cpu)
            case "memory_peak_bytes": used[.memory] = try cursor.count()
            case "pids_peak": used[.pids] = try cursor.count()
            case "io_read_bytes": used[.ioRead] = try cursor.count()
            case "io_write_bytes": used[.ioWrite] = try cursor.count()
            default: try cursor.skip()
            }
        }
    }

    private mutating func readOutput(_ cursor: inout LineCursor) throws(MalformedLine) {
        try cursor.object { (cursor, key) throws(MalformedLine) in
            switch key {
            case "stdout_bytes", "stderr_bytes": try add(cursor.count(), to: .printed)
            default: try cursor.skip()
            }
        }
    }

    /// No artifact is zero bytes of artifacts: that is known, not absent.
    private mutating func readArtifacts(_ cursor: inout LineCursor) throws(MalformedLine) {
        used[.out] = 0
        try cursor.array { cursor throws(MalformedLine) in
            try cursor.object { (cursor, key) throws(MalformedLine) in
                switch key {
                case "bytes": try add(cursor.count(), to: .out)
                default: try cursor.skip()
                }
            }
        }
    }

    private mutating func readAudit(_ cursor: inout LineCursor) throws(MalformedLine) {
        try cursor.object { (cursor, key) throws(MalformedLine) in
            switch key {
            case "id": id = try cursor.string(limit: 64) ?? ""
            case "sequence": sequence = try cursor.count()
            case "previous": previous = try cursor.string(limit: 64) ?? ""
            case "target": target = try cursor.string(limit: Self.longestPath)
            default: try cursor.skip()
            }
        }
    }

    /// Sums what is known; past 2^63-1 it stays there.
    private mutating func add(_ number: Int64?, to metric: AuditMetric) {
        guard let number else { return }
        let (sum, over) = number.addingReportingOverflow(used[metric] ?? 0)
        used[metric] = over ? .max : sum
    }

    private static func product(_ number: Int64, _ factor: Int64) -> Int64 {
        let (product, over) = number.multipliedReportingOverflow(by: factor)
        return over ? .max : product
    }
}
