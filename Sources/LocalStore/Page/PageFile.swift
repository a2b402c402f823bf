import Glibc
import SystemSupport

/// Writes the page in one step: whoever reads the file sees the old one or the new one, whole.
public enum PageFile {
    /// Replaces a regular file, or makes one, with mode 0600. A symbolic link, a directory or a device in its place is refused:
    /// root may be writing into somebody else's directory.
    public static func write(_ text: String, to path: String) throws(LocalStoreError) {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if name.isEmpty || name == "." || name == ".." {
            throw LocalStoreError(.request, "\(path) is no file's name: give one, such as report.html")
        }
        do throws(SystemError) {
            // Every step from here on is relative to this one directory, whatever is renamed meanwhile.
            let directory = try OwnedDescriptor.open(parent, .path | O_DIRECTORY)
            try refuseOthers(directory, name, path)
            try replace(directory, name, path, text)
        } catch {
            throw LocalStoreError(
                .request,
                error.errno == .fileExists
                    ? "\(path) is no regular file, and is not replaced: name another file"
                    : "\(error): name a file that can be written")
        }
    }

    private static func refuseOthers(_ directory: borrowing OwnedDescriptor, _ name: String, _ path: String)
        throws(SystemError)
    {
        var status = stat()
        if fstatat(directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) != 0 { return }
        if status.st_mode & S_IFMT != S_IFREG { throw SystemError("replace", path, .fileExists) }
    }

    private static func replace(
        _ directory: borrowing OwnedDescriptor, _ name: String, _ path: String, _ text: String
    ) throws(SystemError) {
        let parent = directory.raw
        let temporary = ".\(name.prefix(200)).\(getpid()).new"
        // O_EXCL: a link that somebody put there is not followed, nor is a file of theirs written.
        let number = try systemCall("create", "\(path) (as \(temporary))") {
            let result = openat(parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            return result < 0 ? -Int(errno) : Int(result)
        }
        let file = OwnedDescriptor(owning: CInt(number))
        do throws(SystemError) {
            try write(text, to: file, path)
            try systemCall("sync", path) { fsync(file.raw) == 0 ? 0 : -Int(errno) }
            try systemCall("rename to", path) { renameat(parent, temporary, parent, name) == 0 ? 0 : -Int(errno) }
        } catch {
            unlinkat(parent, temporary, 0)
            throw error
        }
    }

    private static func write(_ text: String, to file: borrowing OwnedDescriptor, _ path: String) throws(SystemError) {
        var rest = Array(text.utf8)[...]
        let number = file.raw
        while !rest.isEmpty {
            let count = try systemCall("write", path) {
                let result = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
                return result < 0 ? -Int(errno) : result
            }
            rest = rest.dropFirst(count)
        }
    }
}
