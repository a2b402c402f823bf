import GRDB

/// One run as a list shows it. Nil is what nobody reported.
public struct RunRow: Sendable, Equatable {
    /// The record's place in the audit, from 1.
    public var number: Int64
    /// The identifier that is unique for ever.
    public var id: String
    public var task: String?
    /// Milliseconds since 1970.
    public var time: Int64?
    /// Nil for `exec`.
    public var scanner: String?
    public var verdict: String
    public var partial: Bool
    public var wallMilliseconds: Int64?
    public var cpuMicroseconds: Int64?
    public var memoryPeakBytes: Int64?
    public var target: String?

    /// Where the record lies.
    var file: String
    var offset: Int64
    var length: Int64
    var hash: [UInt8]

    static let query = """
        SELECT run.number, run.id, run.task, run.time, scanner.name, verdict.name, run.partial, run.wall, run.cpu, run.memory,
            target.name, file.name, run.offset, run.length, run.hash
        FROM run JOIN scanner ON scanner.id = run.scanner JOIN verdict ON verdict.id = run.verdict
            JOIN file ON file.id = run.file LEFT JOIN target ON target.id = run.target
        """

    init(_ row: Row) {
        number = row[0]
        id = row[1]
        task = row[2]
        time = row[3]
        let name: String = row[4]
        scanner = name.isEmpty ? nil : name
        verdict = row[5]
        partial = row[6]
        wallMilliseconds = row[7]
        cpuMicroseconds = row[8]
        memoryPeakBytes = row[9]
        target = row[10]
        file = row[11]
        offset = row[12]
        length = row[13]
        hash = [UInt8].fromBlob(row[14]) ?? []
    }
}
