import CSystemSupport
import Glibc

extension BeneathDirectory {
    /// mkdirat(2) of one name directly below. `name` must be a single component: mkdirat follows no symlink in the last
    /// one.
    public borrowing func makeDirectory(_ name: String, mode: mode_t = 0o755) throws(SystemError) {
        let directory = descriptor.raw
        try systemCall("mkdir", "\(path)/\(name)") {
            name.withCString { mkdirat(directory, $0, mode) == 0 ? 0 : -Int(errno) }
        }
    }

    /// rmdir of one name directly below.
    public borrowing func removeDirectory(_ name: String) throws(SystemError) {
        let directory = descriptor.raw
        try systemCall("rmdir", "\(path)/\(name)") {
            name.withCString { unlinkat(directory, $0, AT_REMOVEDIR) == 0 ? 0 : -Int(errno) }
        }
    }

    /// The names of the directories directly below, in the kernel's order.
    public borrowing func childDirectories() throws(SystemError) -> [String] {
        try names { $0.d_type == UInt8(DT_DIR) }
    }

    /// The names of everything directly below, in the kernel's order; invalid UTF-8 in them is replaced.
    public borrowing func entryNames() throws(SystemError) -> [String] {
        try names { _ in true }
    }

    private borrowing func names(where isWanted: (dirent) -> Bool) throws(SystemError) -> [String] {
        // A fresh open file description: readdir moves the offset, which duplicates share.
        let listing = try open(".", O_RDONLY | O_DIRECTORY)
        let number = listing.release()
        guard let stream = fdopendir(number) else {
            let saved = CInt(errno)
            close(number)
            throw SystemError("list", path, .init(rawValue: saved))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let saved = CInt(errno)
                if saved != 0 { throw SystemError("list", path, .init(rawValue: saved)) }
                return names
            }
            if !isWanted(entry.pointee) { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }
}

extension OwnedDescriptor {
    /// fsetxattr(2), creating or replacing. Not for O_PATH descriptors.
    public borrowing func setAttribute(_ name: String, to value: [UInt8], object: String) throws(SystemError) {
        let number = raw
        try systemCall("set attribute \(name) of", object) {
            value.withUnsafeBytes { csys_fsetxattr(number, name, $0.baseAddress, $0.count) }
        }
    }

    /// fgetxattr(2): nil where there is no such attribute; a value over `limit` bytes is ERANGE.
    public borrowing func attribute(_ name: String, limit: Int, object: String) throws(SystemError) -> [UInt8]? {
        let number = raw
        var value = [UInt8](repeating: 0, count: limit)
        do {
            let count = try systemCall("read attribute \(name) of", object) {
                value.withUnsafeMutableBytes { csys_fgetxattr(number, name, $0.baseAddress, $0.count) }
            }
            value.removeLast(limit - count)
            return value
        } catch {
            if error.errno.rawValue == ENODATA { return nil }
            throw error
        }
    }

    /// Takes flock(2)'s shared lock, waiting for whoever holds the exclusive one.
    public borrowing func lockShared(object: String) throws(SystemError) {
        let number = raw
        try systemCall("lock", object) { flock(number, LOCK_SH) == 0 ? 0 : -Int(errno) }
    }

    /// Takes flock(2)'s exclusive lock, or turns a shared one into it, without waiting; false where another open file
    /// description holds any.
    public borrowing func tryLock(object: String) throws(SystemError) -> Bool {
        let number = raw
        do {
            try systemCall("lock", object) { flock(number, LOCK_EX | LOCK_NB) == 0 ? 0 : -Int(errno) }
            return true
        } catch {
            if error.errno.rawValue == EWOULDBLOCK { return false }
            throw error
        }
    }

    /// f_type of fstatfs(2), such as 0x63677270 for cgroup2. O_PATH is enough.
    public borrowing func filesystemType(object: String) throws(SystemError) -> Int {
        let number = raw
        return try systemCall("statfs", object) { csys_filesystem_type(number) }
    }
}
