/// One line of /proc/PID/mountinfo: the fields that say where a file system is seen (proc_pid_mountinfo(5)).
public struct MountInfo: Sendable, Equatable {
    /// The directory of the file system that is the root of this mount: `/` for the whole, `/..` and up for what lies
    /// outside the reader's cgroup namespace.
    public var root: String
    public var mountPoint: String
    public var filesystemType: String
    /// The per-mount options hold `ro`, or the file system's do.
    public var isReadOnly: Bool

    /// All whole lines of `text`; malformed and truncated lines are skipped.
    public static func parse(_ text: String) -> [MountInfo] {
        KernelText.lines(of: text).compactMap { MountInfo(line: $0) }
    }

    /// Nil for a line that does not have the fields.
    public init?(line: some StringProtocol) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        // 36 35 98:0 /root /point options [optional fields...] - type source superoptions
        guard fields.count >= 9, let separator = fields[6...].firstIndex(of: "-"), fields.count > separator + 3 else {
            return nil
        }
        guard let root = MountInfo.unescaped(fields[3]), let mountPoint = MountInfo.unescaped(fields[4]),
            root.hasPrefix("/"), mountPoint.hasPrefix("/")
        else { return nil }
        self.root = root
        self.mountPoint = mountPoint
        filesystemType = String(fields[separator + 1])
        let options = fields[5].split(separator: ",") + fields[separator + 3].split(separator: ",")
        isReadOnly = options.contains("ro")
    }

    /// Undoes the kernel's `\040` escapes for space, tab, newline and backslash. Nil for a backslash without three
    /// octal digits, which the kernel never writes.
    static func unescaped(_ field: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "\\") {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(3)
            guard digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) else { return nil }
            let value = digits.reduce(0) { $0 * 8 + Int($1 - 48) }
            guard value < 256 else { return nil }
            bytes.append(UInt8(value))
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
