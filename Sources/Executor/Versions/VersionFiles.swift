import Glibc
import SystemSupport

/// One file for each profile's name, with two lines: what the version depends on, and the version. A failure's second line is empty,
/// and the third says when it was, in milliseconds since 1970. A cache: whatever is wrong with it is as if it were not there.
struct VersionFiles: Sendable {
    /// A directory of this user's, that others cannot write to.
    let directory: String
    /// A digest, a line of at most 200 characters, each of which may be escaped, and two line feeds.
    private static let longest = 4096

    /// Nil for no answer, or one to another question.
    func read(_ name: String, _ key: VersionKey) -> ScannerVersions.Answer? {
        guard let directory = open(), let file = try? directory.open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY),
            let bytes = try? file.readAll(limit: Self.longest, object: name)
        else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        // The last, empty one shows that the file is whole.
        guard lines.count >= 3, lines[0] == key.digest, lines[lines.count - 1].isEmpty else { return nil }
        if lines.count == 3, !lines[1].isEmpty {
            return .version(TerminalText.line(String(lines[1]), limit: 1024))
        }
        guard lines.count == 4, lines[1].isEmpty, let at = UInt64(lines[2]), at <= Self.now,
            Self.now - at < UInt64(ScannerVersions.patience.wholeMilliseconds)
        else { return nil }
        return .failed
    }

    /// Since 1970, for processes of other boots: a clock that was set back makes a failure one of the future, which counts for
    /// nothing.
    private static var now: UInt64 { UInt64(clamping: Timestamp.now.milliseconds) }

    /// Puts the answer in place with one rename(2): readers see the old one or the new one.
    func write(_ name: String, _ key: VersionKey, _ answer: ScannerVersions.Answer) {
        _ = mkdir(directory, 0o700)
        guard let directory = open() else { return }
        // One for each process: what a killed one left is replaced by the next that gets its number. No profile's name has a dot.
        let temporary = ".new-\(getpid())-\(name)"
        _ = unlinkat(directory.descriptor.raw, temporary, 0)
        guard let file = try? directory.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600) else { return }
        let bytes = Array("\(key.digest)\n\(answer.version ?? "\n\(Self.now)")\n".utf8)
        let written = bytes.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress, $0.count) }
        if written != bytes.count
            || renameat(directory.descriptor.raw, temporary, directory.descriptor.raw, name) != 0
        {
            _ = unlinkat(directory.descriptor.raw, temporary, 0)
        }
    }

    private func open() -> BeneathDirectory? {
        guard let descriptor = try? OwnedDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
            return nil
        }
        var status = stat()
        guard fstat(descriptor.raw, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            return nil
        }
        return BeneathDirectory(owning: descriptor, path: directory)
    }
}
