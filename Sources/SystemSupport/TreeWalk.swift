import Glibc
import SystemPackage

extension BeneathDirectory {
    /// One thing met by ``walk(staysOnDevice:_:)``.
    public struct Entry {
        /// From the directory walked, without a leading slash.
        public var path: String
        /// lstat(2).
        public var status: stat

        public var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
    }

    /// Visits all that lies below, parents before their children, links not followed, in no order among siblings. Holds one
    /// descriptor at a time, whatever the depth. What vanishes meanwhile is passed over.
    ///
    /// - Parameters:
    ///   - staysOnDevice: do not enter other file systems.
    ///   - visit: false ends the walk.
    /// - Throws: what refuses to be listed: EACCES, or ENAMETOOLONG where the tree is deeper than a path can say.
    public borrowing func walk(staysOnDevice: Bool, _ visit: (Entry) -> Bool) throws(SystemError) {
        var top = stat()
        try systemCall("look at", path) { fstat(descriptor.raw, &top) == 0 ? 0 : -Int(errno) }
        var pending = ["."]
        while let directory = pending.popLast() {
            let child: BeneathDirectory
            do { child = try self.directory(directory) } catch {
                if error.errno == .noSuchFileOrDirectory { continue }
                throw error
            }
            let names = try child.entryNames()
            for name in names {
                var status = stat()
                if fstatat(child.descriptor.raw, name, &status, AT_SYMLINK_NOFOLLOW) != 0 { continue }
                let entry = Entry(path: directory == "." ? name : "\(directory)/\(name)", status: status)
                if !visit(entry) { return }
                if entry.isDirectory && (!staysOnDevice || status.st_dev == top.st_dev) { pending.append(entry.path) }
            }
        }
    }
}
