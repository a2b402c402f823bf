import Glibc

/// Which file a path leads to: the same as long as nobody puts another in its place, whatever is written into it.
public struct FileIdentity: Sendable, Hashable {
    public let device: dev_t
    public let inode: ino_t

    /// Of what `path` leads to, symlinks followed. Nil where it leads nowhere.
    public init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of an open file.
    public init?(_ descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
    }
}
