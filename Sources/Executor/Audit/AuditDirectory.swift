import Glibc
import SystemPackage
import SystemSupport

/// The directory of the audit: its files in the order of their lines, `head` and `lock`.
///
/// It is opened once, through no link, and must be a directory of root's or our own that nobody else can write to. From then on
/// everything goes through its descriptor.
final class AuditDirectory: Sendable {
    let path: String
    let files: BeneathDirectory

    /// - Parameter creates: make it, with the directories above it, where it does not exist.
    init(_ path: String, creates: Bool) throws(ExecutorError) {
        guard path.hasPrefix("/"), path.utf8.count <= AuditSettings.directoryLimit, !path.utf8.contains(0) else {
            throw ExecutorError(
                .host,
                "audit directory \"\(path)\" must be an absolute path of at most \(AuditSettings.directoryLimit) bytes")
        }
        self.path = path
        do {
            if creates { try AuditDirectory.make(path) }
            // Not O_PATH: new names in it are made durable by fsync(2).
            let descriptor = try OwnedDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try AuditDirectory.check(descriptor, path)
            files = BeneathDirectory(owning: descriptor, path: path)
        } catch {
            throw ExecutorError(
                .host, error,
                creates
                    ? "choose another place for the audit with --audit-dir, or switch it off with --no-audit"
                    : "name the audit's directory with --audit-dir; the first run makes it")
        }
    }

    private static func make(_ path: String) throws(SystemError) {
        var walked = ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            walked += "/\(part)"
            do {
                try systemCall("make directory", walked) {
                    mkdir(walked, index == parts.count - 1 ? 0o700 : 0o755) == 0 ? 0 : -Int(errno)
                }
            } catch {
                // Others make it at the same time; what stands there is looked at below.
                if error.errno == .fileExists || access(walked, F_OK) == 0 { continue }
                throw error
            }
        }
    }

    private static func check(_ descriptor: borrowing OwnedDescriptor, _ path: String) throws(SystemError) {
        var status = stat()
        let number = descriptor.raw
        try systemCall("look at", path) { fstat(number, &status) == 0 ? 0 : -Int(errno) }
        if status.st_uid != 0 && status.st_uid != geteuid() || status.st_mode & 0o022 != 0 {
            throw SystemError(
                "trust (it must be root's or your own, and nobody else's to write to)", path, .notPermitted)
        }
    }

    // MARK: - Names

    static let headName = "head"
    static let lockName = "lock"

    static func fileName(first sequence: UInt64) -> String { "audit-\(AuditPosition.padded(sequence)).jsonl" }

    /// The number of the first line, from the name of its file.
    static func firstSequence(ofName name: String) -> UInt64? {
        guard name.hasPrefix("audit-"), name.hasSuffix(".jsonl"), name.utf8.count == 32 else { return nil }
        return AuditPosition.sequence(Array(name.utf8)[6..<26])
    }

    /// The files of lines, oldest first.
    func lineFiles() throws(SystemError) -> [(name: String, first: UInt64)] {
        try files.entryNames().compactMap { name in
            AuditDirectory.firstSequence(ofName: name).map { (name, $0) }
        }.sorted { $0.first < $1.first }
    }

    /// What was moved aside after crashes.
    func partials() throws(SystemError) -> [String] {
        try files.entryNames().filter { $0.hasPrefix("recovered-") && $0.hasSuffix(".partial") }.sorted()
    }

    /// A regular file of the directory and its size; nil where there is none. Waits for no FIFO.
    func open(_ name: String, _ flags: CInt = O_RDONLY) throws(SystemError) -> (file: OwnedFile, status: stat)? {
        let descriptor: OwnedDescriptor
        do {
            // openat2(2) refuses a mode where nothing is made.
            let mode: mode_t = flags & O_CREAT == 0 ? 0 : 0o600
            descriptor = try files.open(name, flags | O_NOFOLLOW | O_NONBLOCK, mode: mode)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
        let file = OwnedFile(descriptor, "\(path)/\(name)")
        let status = try file.status()
        if status.st_mode & S_IFMT != S_IFREG { throw SystemError("use as a file", file.path, .invalidArgument) }
        return (file, status)
    }

    func remove(_ name: String) throws(SystemError) {
        try systemCall("remove", "\(path)/\(name)") {
            unlinkat(files.descriptor.raw, name, 0) == 0 || errno == ENOENT ? 0 : -Int(errno)
        }
    }

    /// Makes names durable that were made or removed.
    func sync() throws(SystemError) {
        try systemCall("fsync", path) { fsync(files.descriptor.raw) == 0 ? 0 : -Int(errno) }
    }
}
