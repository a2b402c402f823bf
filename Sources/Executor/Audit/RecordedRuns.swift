import SystemSupport

/// Which runs an audit has records of, read as far back as a lease says that its own can be. Used for one reap: what was read
/// is remembered, and what is appended meanwhile is read at the next question.
final class RecordedRuns {
    private let directory: AuditDirectory
    private var known: Set<String> = []
    /// Everything after this is known up to ``reached``.
    private var after = UInt64.max
    private var reached: (first: UInt64, offset: Int64) = (0, 0)

    init(_ directory: AuditDirectory) { self.directory = directory }

    /// Whether a record after number `sequence` has this id.
    func contains(_ id: String, after sequence: UInt64) throws(SystemError) -> Bool {
        if sequence < after {
            known = []
            after = sequence
            reached = (0, 0)
        }
        let files = try directory.lineFiles()
        // The first file that can have a line after `after`.
        let begin = max(reached.first, files.last { $0.first <= after + 1 }?.first ?? 0)
        for (name, first) in files where first >= begin {
            guard let (file, status) = try directory.open(name) else { continue }
            let offset = first == reached.first ? reached.offset : 0
            var reader = AuditLineReader(file, from: offset, to: Int64(status.st_size), hashing: false)
            reached = (first, offset)
            while let line = try reader.next(), line.isTerminated {
                reached.offset = line.offset + line.length + 1
                if let frame = AuditLine(line.bytes), frame.sequence > after { known.insert(frame.id) }
            }
        }
        return known.contains(id)
    }
}
