import Glibc
import SystemSupport

/// The file `head`: the newest line's position, in a fixed number of bytes, written in place after each append.
///
/// A chain alone does not tell that its last lines are gone; this does. Between a line and its head a crash may come, so head
/// may be behind the files, and the next append brings it forward. It is never ahead of them.
enum AuditHead {
    /// 20 digits, a space, 64 digits, a newline: within one sector of any disk, so written whole or not at all.
    static let byteCount = 86

    /// What the next record's `mended` says of a head that was lost. The verifier knows these words.
    static let gone = "the head was gone"
    static let unreadable = "the head was no position of a record"
    static let losses = [gone, unreadable]

    enum Reading: Equatable {
        case absent
        case unreadable
        case position(AuditPosition)

        var position: AuditPosition? { if case .position(let position) = self { position } else { nil } }
    }

    static func bytes(_ position: AuditPosition) -> [UInt8] {
        Array("\(AuditPosition.padded(position.sequence)) \(position.hash)\n".utf8)
    }

    static func parse(_ bytes: [UInt8]) -> AuditPosition? {
        guard bytes.count == byteCount, bytes[20] == UInt8(ascii: " "), bytes[85] == UInt8(ascii: "\n"),
            let sequence = AuditPosition.sequence(bytes[..<20]), AuditPosition.isHash(bytes[21..<85])
        else { return nil }
        return AuditPosition(sequence: sequence, hash: String(decoding: bytes[21..<85], as: UTF8.self))
    }

    static func read(in directory: AuditDirectory) throws(SystemError) -> Reading {
        guard let (file, _) = try directory.open(AuditDirectory.headName) else { return .absent }
        let bytes = try file.read(at: 0, count: byteCount + 1)
        // Made, and not written yet: a crash between the two.
        if bytes.isEmpty { return .absent }
        return parse(bytes).map(Reading.position) ?? .unreadable
    }
}
