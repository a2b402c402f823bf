public import SystemSupport

/// Where the records of runs are kept, and how surely.
public struct AuditSettings: Sendable, Equatable {
    /// When a record counts as written.
    public enum Sync: String, Sendable, CaseIterable {
        /// Once it is on the disk: fdatasync(2), one for all records that wait at the time.
        case always
        /// Once the kernel has it: a crash of the worker loses nothing, one of the host may lose the last seconds.
        case never
    }

    public static let defaultDirectory = "/var/lib/scan-executor/audit"
    /// The path goes into every lease, which has 4 KiB for everything; escaped it may be three times as long.
    public static let directoryLimit = 1024
    /// The least for ``rotateBytes``: a few lines.
    public static let leastRotateBytes = ByteCount.mebibytes(1)

    /// Absolute. Made with the directories above it where it does not exist, with mode 0700.
    public var directory: String
    /// A new file is begun once one has this many bytes. Default 64 MiB.
    public var rotateBytes: Int64
    public var sync: Sync

    public init(directory: String = defaultDirectory, rotateBytes: Int64 = 64 << 20, sync: Sync = .always) {
        self.directory = directory
        self.rotateBytes = rotateBytes
        self.sync = sync
    }
}
