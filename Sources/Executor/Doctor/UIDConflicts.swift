import Glibc
import SystemSupport

/// Whoever else has the uids and gids that sandboxes use, by the host's own files: no directory service is asked.
struct UIDConflicts {
    private let range: Range<Int64>

    init(_ settings: HostSettings) {
        range = Int64(settings.firstUID)..<Int64(settings.firstUID) + Int64(settings.slotCount)
    }

    var found: [String] {
        ["/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid"].flatMap { path in
            conflicts(in: Self.text(path), isRange: path.contains("/sub")).map { "\($0) in \(path)" }
        }
    }

    /// passwd(5) and group(5) have the number third; subuid(5) has the first and the count.
    func conflicts(in text: String, isRange: Bool) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 2, let second = isRange ? Int64(fields[1]) : Int64(fields[2]) else { return nil }
            let count = isRange ? max(0, Int64(fields[2]) ?? 0) : 1
            let taken = second..<second.addingReportingOverflow(count).partialValue.clamped(above: second)
            return taken.overlaps(range) ? "\(fields[0]) \(second)" : nil
        }
    }

    private static func text(_ path: String) -> String {
        guard let file = try? OwnedDescriptor.open(path, O_RDONLY),
            let bytes = try? file.readAll(limit: 16 << 20, object: path)
        else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Int64 {
    fileprivate func clamped(above bound: Int64) -> Int64 { Swift.max(self, bound) }
}
