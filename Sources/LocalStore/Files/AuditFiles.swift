import Glibc
import SystemSupport

/// The files of an audit: `audit-<first sequence, 20 digits>.jsonl` in one directory. In the order of their names they are one
/// chain; all but the last are finished.
struct AuditFiles: ~Copyable {
    /// What says that a finished file is still what it was.
    struct Identity: Equatable {
        var name: String
        var inode: Int64
        var size: Int64
        /// Nanoseconds since 1970.
        var modified: Int64
    }

    let directory: BeneathDirectory
    /// Oldest first.
    let files: [Identity]

    private init(_ directory: consuming BeneathDirectory, _ files: [Identity]) {
        self.directory = directory
        self.files = files
    }

    static func at(_ path: String) throws(LocalStoreError) -> AuditFiles {
        do throws(SystemError) {
            let directory = try BeneathDirectory(path: path)
            let files = try list(directory)
            return AuditFiles(directory, files)
        } catch { throw unreadable(path, error) }
    }

    private static func list(_ directory: borrowing BeneathDirectory) throws(SystemError) -> [Identity] {
        var found: [Identity] = []
        for name in try directory.entryNames().filter(isName).sorted() {
            let file = try directory.open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY)
            if let identity = try identity(file, name) { found.append(identity) }
        }
        return found
    }

    /// A file opened for reading. The flags hold for whatever lies there under that name: a FIFO must not hold us.
    borrowing func open(_ name: String) throws(LocalStoreError) -> OwnedDescriptor {
        do throws(SystemError) {
            return try directory.open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        } catch {
            throw Self.unreadable("\(directory.path)/\(name)", error)
        }
    }

    static func isName(_ name: String) -> Bool {
        guard name.hasPrefix("audit-"), name.hasSuffix(".jsonl"), name.utf8.count == 32 else { return false }
        return name.utf8.dropFirst(6).dropLast(6).allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Nil for what is no regular file.
    private static func identity(_ file: borrowing OwnedDescriptor, _ name: String) throws(SystemError) -> Identity? {
        var status = stat()
        let number = file.raw
        try systemCall("stat", name) { fstat(number, &status) == 0 ? 0 : -Int(errno) }
        if status.st_mode & S_IFMT != S_IFREG { return nil }
        return Identity(
            name: name, inode: Int64(bitPattern: UInt64(status.st_ino)), size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec))
    }

    static func unreadable(_ path: String, _ error: SystemError) -> LocalStoreError {
        let hint =
            switch error.errno {
            case .noSuchFileOrDirectory:
                "there is no audit at \(path): name its directory with --audit-dir, or run a scan first"
            case .permissionDenied, .notPermitted: "the audit at \(path) may not be read: run this as root"
            default: "the audit at \(path) cannot be read: \(error)"
            }
        return LocalStoreError(.directory, hint)
    }
}
