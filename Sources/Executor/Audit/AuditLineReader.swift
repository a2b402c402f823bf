import SystemSupport

/// Reads a file line by line in bounded memory: a line over the limit is hashed and not kept.
struct AuditLineReader {
    struct Line {
        /// From 1.
        var number: Int
        /// Of its first byte.
        var offset: Int64
        /// Without the newline; empty where the line is over the limit.
        var bytes: ArraySlice<UInt8>
        /// In all, without the newline.
        var length: Int64
        /// SHA-256, hexadecimal.
        var hash: String
        /// False at the end of a file whose last byte is no newline.
        var isTerminated: Bool

        var isTooLong: Bool { length > Int64(AuditLine.limit) }
    }

    private let file: OwnedFile
    private let hashing: Bool
    /// Bytes after this are not looked at.
    private let end: Int64
    private var position: Int64
    private var buffer: [UInt8] = []
    private var start = 0
    private var number = 0

    private static let chunk = 256 << 10

    /// Reads from `offset`, which begins a line, to `end`.
    ///
    /// - Parameter hashing: false leaves ``Line/hash`` empty.
    init(_ file: OwnedFile, from offset: Int64 = 0, to end: Int64, hashing: Bool = true) {
        self.hashing = hashing
        self.file = file
        self.end = end
        position = offset
    }

    /// Nil at the end.
    mutating func next() throws(SystemError) -> Line? {
        let offset = position - Int64(buffer.count - start)
        var digest = SHA256()
        var dropped: Int64 = 0
        var searched = start
        number += 1
        while true {
            if let index = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let bytes = buffer[start..<index]
                start = index + 1
                return finish(bytes, offset, dropped, &digest, isTerminated: true)
            }
            if dropped + Int64(buffer.count - start) > Int64(AuditLine.limit) {
                if hashing { digest.update(buffer[start...]) }
                dropped += Int64(buffer.count - start)
                buffer.removeAll(keepingCapacity: true)
            } else {
                buffer.removeFirst(start)
            }
            start = 0
            searched = buffer.count
            let more = try file.read(at: position, count: Int(min(Int64(AuditLineReader.chunk), end - position)))
            position += Int64(more.count)
            if more.isEmpty {
                let bytes = buffer[...]
                start = buffer.count
                if bytes.isEmpty && dropped == 0 { return nil }
                return finish(bytes, offset, dropped, &digest, isTerminated: false)
            }
            buffer += more
        }
    }

    private func finish(
        _ bytes: ArraySlice<UInt8>, _ offset: Int64, _ dropped: Int64, _ digest: inout SHA256,
        isTerminated: Bool
    ) -> Line {
        if hashing { digest.update(bytes) }
        let length = dropped + Int64(bytes.count)
        let isTooLong = length > Int64(AuditLine.limit)
        return Line(
            number: number, offset: offset, bytes: isTooLong ? [] : bytes, length: length,
            hash: hashing ? SHA256.hex(digest.finalize()) : "", isTerminated: isTerminated)
    }
}
