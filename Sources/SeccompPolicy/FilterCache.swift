import Glibc
import SystemPackage
import SystemSupport

/// Compiled filters on disk. A filter decides what a sandbox may do, so an entry is believed only when it and its directory
/// belong to this user, nobody else can write there, and its checksum is right. All else is as if it were not there.
///
/// An entry is found without parsing anything: its name carries the digest of the profile's bytes, and it lists the includes
/// with theirs, which are read and compared.
struct FilterCache: Sendable {
    let path: String

    /// Raise it when the compiler or the format of an entry changes: old entries are then never asked for.
    static let revision = 2
    private static let sizeLimit = 64 << 10

    /// What identifies an entry.
    struct EntryName {
        var name: String
        var mode: FilterMode
        /// SHA-256 of the profile's own file.
        var content: String

        var file: String {
            "\(content)-\(mode.rawValue)-\(SyscallName.nativeArchitecture)-libseccomp\(SyscallName.libraryVersion)-r\(revision).filter"
        }
    }

    /// Why the cache cannot be used, in words for the operator.
    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    /// The filter, or nil where there is none, a damaged one, or one whose includes have changed.
    func read(_ entry: EntryName, _ profiles: borrowing BeneathDirectory) throws(Problem) -> CompiledFilter? {
        guard let directory = try open() else { return nil }
        let bytes: [UInt8]
        do throws(SystemError) {
            let file = try directory.open(entry.file, O_RDONLY | O_NONBLOCK)
            let status = try FilterCache.status(file, entry.file)
            let isOurs =
                status.st_mode & S_IFMT == S_IFREG && status.st_uid == geteuid() && status.st_mode & 0o7177 == 0
            guard isOurs, status.st_nlink == 1 else {
                throw SystemError("trust", entry.file, .notPermitted)
            }
            bytes = try file.readAll(limit: FilterCache.sizeLimit, object: entry.file)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw Problem(
                description:
                    "\(path)/\(entry.file) is not used: not a private file of this user (\(error.errno.symbol)); remove it"
            )
        }
        guard let decoded = FilterCacheEntry(bytes: bytes), decoded.name == entry.name else { return nil }
        for include in decoded.includes {
            guard let content = try? ProfileLoader.read(include.path, in: profiles) else { return nil }
            if SHA256.hex(SHA256.digest(content)) != include.sha256 { return nil }
        }
        return CompiledFilter(
            name: entry.name, sha256: decoded.sha256, mode: entry.mode, bpf: decoded.bpf, source: .diskCache,
            cacheProblem: nil)
    }

    /// Puts an entry in place with one rename: readers see the old one or the new one.
    func write(_ entry: EntryName, _ filter: CompiledFilter, includes: [ProfileLoader.Include]) throws(Problem) {
        createDirectory()
        guard let directory = try open() else {
            throw Problem(
                description: "\(path) is missing and cannot be made: filters are compiled anew in each process")
        }
        // One name for each process: what a killed one left is overwritten by the next that gets its number.
        let temporary = ".new-\(getpid())"
        let bytes = FilterCacheEntry(name: entry.name, sha256: filter.sha256, includes: includes, bpf: filter.bpf).bytes
        do throws(SystemError) {
            _ = unlinkat(directory.descriptor.raw, temporary, 0)
            let file = try directory.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            let number = file.raw
            let count = try systemCall("write", temporary) {
                let count = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
                return count < 0 ? -Int(errno) : count
            }
            if count != bytes.count { throw SystemError("write", temporary, .noSpace) }
            try systemCall("rename", temporary) {
                renameat(directory.descriptor.raw, temporary, directory.descriptor.raw, entry.file) < 0
                    ? -Int(errno) : 0
            }
        } catch {
            _ = unlinkat(directory.descriptor.raw, temporary, 0)
            throw Problem(description: "\(path): \(error)")
        }
    }

    /// Nil where it does not exist.
    private func open() throws(Problem) -> BeneathDirectory? {
        do throws(SystemError) {
            let descriptor = try OwnedDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            let status = try FilterCache.status(descriptor, path)
            if status.st_uid != geteuid() || status.st_mode & 0o022 != 0 {
                throw SystemError("trust", path, .notPermitted)
            }
            return BeneathDirectory(owning: descriptor, path: path)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: return nil
            case .notPermitted:
                throw Problem(description: "\(path) is not used: it belongs to, or can be written by, others")
            case .notDirectory, .tooManySymbolicLinkLevels:
                throw Problem(description: "\(path) is not used: it is a symlink or not a directory")
            default: throw Problem(description: "\(path) is not used: \(error)")
            }
        }
    }

    /// Makes the directory and what is missing above it. Whether it worked shows when it is opened.
    private func createDirectory() {
        var prefix = ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            prefix += (index == 0 && !path.hasPrefix("/") ? "" : "/") + part
            _ = mkdir(prefix, index == parts.count - 1 ? 0o700 : 0o755)
        }
    }

    private static func status(_ file: borrowing OwnedDescriptor, _ object: String) throws(SystemError) -> stat {
        var status = stat()
        let number = file.raw
        try systemCall("stat", object) { fstat(number, &status) < 0 ? -Int(errno) : 0 }
        return status
    }
}
