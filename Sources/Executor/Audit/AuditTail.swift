import Glibc
import SystemPackage
import SystemSupport

/// The end of a file of lines: the last whole one, and what a crash left behind it.
struct AuditTail {
    /// The newest line; nil where the file has none.
    var position: AuditPosition?
    /// Where the next line goes.
    var end: Int64
    /// Bytes after ``end`` that are no whole line.
    var excess: Int64

    /// More than this is never cut off: one append writes less, so it is no crash of ours, and nothing of it may be lost.
    static let searched: Int64 = 16 << 20

    /// Looks backwards for the last line that is one of ours. A crash of the host may have left bytes of zero, too.
    static func read(_ file: OwnedFile, size: Int64) throws(SystemError) -> AuditTail {
        var lineEnd = size
        while lineEnd > 0 && size - lineEnd <= searched {
            guard let newline = try last(in: file, before: lineEnd) else {
                lineEnd = 0
                break
            }
            let start = (try last(in: file, before: newline)).map { $0 + 1 } ?? 0
            if newline - start <= Int64(AuditLine.limit) {
                let line = try file.read(at: start, count: Int(newline - start))
                if let frame = AuditLine(line[...]) {
                    if size - newline > searched { break }
                    let position = AuditPosition(sequence: frame.sequence, hash: SHA256.hex(SHA256.digest(line)))
                    return AuditTail(position: position, end: newline + 1, excess: size - newline - 1)
                }
            }
            lineEnd = newline
        }
        if lineEnd > 0 || size > searched {
            throw SystemError("find the last record (audit verify shows more) in", file.path, .invalidArgument)
        }
        return AuditTail(position: nil, end: 0, excess: size)
    }

    /// The offset of the last newline before `end`.
    private static func last(in file: OwnedFile, before end: Int64) throws(SystemError) -> Int64? {
        var end = end
        while end > 0 {
            let start = max(0, end - (64 << 10))
            let bytes = try file.read(at: start, count: Int(end - start))
            if let index = bytes.lastIndex(of: UInt8(ascii: "\n")) { return start + Int64(index) }
            end = start
        }
        return nil
    }

    /// Moves what is behind the last whole line to a file of its own, and cuts it off.
    ///
    /// - Returns: one sentence about it, for the next record.
    func mend(_ file: OwnedFile, in directory: AuditDirectory) throws(SystemError) -> String {
        let bytes = try file.read(at: end, count: Int(excess))
        let name = "recovered-\(Timestamp.now.milliseconds)-\(UInt32.random(in: 0...UInt32.max)).partial"
        guard let (copy, _) = try directory.open(name, O_WRONLY | O_CREAT | O_EXCL) else {
            throw SystemError("make", "\(directory.path)/\(name)", .noSuchFileOrDirectory)
        }
        do throws(SystemError) {
            try copy.write(bytes, at: 0)
            try copy.sync()
            try directory.sync()
            try file.truncate(to: end)
        } catch {
            // All of it is still where it was; each attempt would leave another copy.
            try? directory.remove(name)
            throw error
        }
        return "\(excess) bytes behind the last whole line were moved to \(name)"
    }
}
