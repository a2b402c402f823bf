import Glibc
import SystemPackage
import SystemSupport

/// Where artifacts go: filled beside its final place and moved there when all is written, so that nobody finds half of it.
///
/// The directory above may belong to somebody else, who can rename what lies in it at any time. So paths are used no more than
/// once: the rest goes through descriptors, and no link in the place of the staging directory is followed.
final class OutputDirectory: Sendable {
    /// The run's own report, beside the artifacts. No artifact of this name is taken.
    static let reportName = "scan-executor-report.json"

    /// The final place.
    let path: String
    private let above: BeneathDirectory
    /// Both lie directly in ``above``.
    private let name: String
    private let stagingName: String
    private let staging: BeneathDirectory

    /// Checks the place and makes the staging directory. The final directory must not exist, or be empty.
    init(_ path: String) throws(ExecutorError) {
        var trimmed = path
        while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed.removeLast() }
        self.path = trimmed
        // The staging directory goes beside it, and rename(2) takes neither of these.
        if trimmed.isEmpty || trimmed == "/" || ["", ".", ".."].contains(trimmed.split(separator: "/").last ?? "") {
            throw ExecutorError(
                .output, "output \"\(trimmed)\" is no name for a new directory; name one, such as results/bandit")
        }
        var status = stat()
        if lstat(trimmed, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFLNK {
                throw ExecutorError(.output, "output \(trimmed) is a symbolic link; name the directory itself")
            }
            if status.st_mode & S_IFMT != S_IFDIR {
                throw ExecutorError(.output, "output \(trimmed) exists and is not a directory; name another place")
            }
            let isEmpty: Bool
            do { isEmpty = try BeneathDirectory(path: trimmed).entryNames().isEmpty } catch {
                throw ExecutorError(.output, error, "the output directory cannot be read")
            }
            if !isEmpty {
                throw ExecutorError(.output, "output directory \(trimmed) is not empty; name a new one, or empty it")
            }
        }
        let parts = Self.split(trimmed)
        name = parts.last
        stagingName = "\(name).partial-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let top = trimmed.hasPrefix("/") ? "/" : "."
        do {
            above = try BeneathDirectory(path: parts.parent.isEmpty ? top : parts.parent)
            try above.makeDirectory(stagingName, mode: 0o700)
        } catch {
            throw ExecutorError(.output, error, "the directory above the output must exist and be writable")
        }
        do { staging = try Self.openOwn(stagingName, in: above) } catch {
            try? above.removeDirectory(stagingName)
            throw ExecutorError(.output, error, "the output cannot be opened")
        }
    }

    /// The directory that was just made, and not what somebody put in its place.
    private static func openOwn(
        _ name: String, in above: borrowing BeneathDirectory
    ) throws(SystemError) -> BeneathDirectory {
        let directory = try above.directory(name)
        let status = try status(of: directory.descriptor, directory.path)
        if status.st_uid != geteuid() || status.st_mode & 0o077 != 0 {
            throw SystemError("trust", directory.path, .notPermitted)
        }
        return directory
    }

    private static func status(
        of descriptor: borrowing OwnedDescriptor, _ path: String
    ) throws(SystemError) -> stat {
        var status = stat()
        let number = descriptor.raw
        try systemCall("look at", path) { fstat(number, &status) == 0 ? 0 : -Int(errno) }
        return status
    }

    func makeDirectory(_ name: String) throws(ExecutorError) {
        let parts = Self.split(name)
        do {
            let parent = try open(parent: parts.parent)
            try systemCall("make directory", "\(path)/\(name)") {
                mkdirat(parent.raw, parts.last, 0o700) == 0 ? 0 : -Int(errno)
            }
        } catch { throw full(error) }
    }

    func create(_ name: String) throws(ExecutorError) -> OutputFile {
        do {
            let file = try staging.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            return OutputFile(file, "\(path)/\(name)")
        } catch { throw full(error) }
    }

    /// Moves everything to its final place.
    func publish() throws(ExecutorError) {
        do throws(SystemError) {
            // rename(2) replaces an empty directory and nothing else.
            try systemCall("rename \(stagingName) to", path) {
                renameat(above.descriptor.raw, stagingName, above.descriptor.raw, name) == 0 ? 0 : -Int(errno)
            }
            let published = try Self.status(of: try above.open(name, .path), path)
            let written = try Self.status(of: staging.descriptor, path)
            if published.st_ino != written.st_ino || published.st_dev != written.st_dev {
                throw SystemError("find our own files in", path, .staleNFSFileHandle)
            }
        } catch {
            discard()
            throw ExecutorError(.output, error, "somebody put something there meanwhile; name another place")
        }
    }

    /// Removes what was written so far.
    func discard() {
        var directories: [String] = []
        try? staging.walk(staysOnDevice: true) { entry in
            if entry.isDirectory { directories.append(entry.path) } else { remove(entry.path, 0) }
            return true
        }
        for directory in directories.reversed() { remove(directory, AT_REMOVEDIR) }
        try? above.removeDirectory(stagingName)
    }

    private func remove(_ name: String, _ flags: CInt) {
        let parts = Self.split(name)
        guard let parent = try? open(parent: parts.parent) else { return }
        unlinkat(parent.raw, parts.last, flags)
    }

    private func open(parent: String) throws(SystemError) -> OwnedDescriptor {
        parent.isEmpty ? try staging.descriptor.duplicate() : try staging.open(parent, .path | O_DIRECTORY)
    }

    private static func split(_ name: String) -> (parent: String, last: String) {
        guard let slash = name.lastIndex(of: "/") else { return ("", name) }
        return (String(name[..<slash]), String(name[name.index(after: slash)...]))
    }

    private func full(_ error: SystemError) -> ExecutorError {
        ExecutorError(.output, error, "nothing of the output was kept; make room or name another place")
    }
}

/// One artifact being copied.
final class OutputFile: Sendable {
    private let descriptor: OwnedDescriptor
    private let path: String

    init(_ descriptor: consuming OwnedDescriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(ExecutorError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor.raw, $0.baseAddress, $0.count) }
            let saved = Errno(rawValue: errno)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if saved != .interrupted {
                throw ExecutorError(
                    .output, SystemError("write to", path, saved),
                    "nothing of the output was kept; make room or name another place")
            }
        }
    }
}
