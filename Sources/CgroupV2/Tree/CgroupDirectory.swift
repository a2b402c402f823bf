import Glibc
import SystemSupport

/// One cgroup: the door to its files (``BeneathDirectory``) with this module's errors.
struct CgroupDirectory: ~Copyable, Sendable {
    let files: BeneathDirectory

    var path: String { files.path }

    /// An open descriptor of the directory itself.
    var raw: CInt { files.descriptor.raw }

    init(_ files: consuming BeneathDirectory) { self.files = files }

    /// The cgroup `name` directly below, opened for reading: locks, attributes and listings need more than O_PATH.
    borrowing func child(_ name: String) throws(CgroupError) -> CgroupDirectory {
        try cgroupCall { () throws(SystemError) in
            let descriptor = try files.open(name, O_RDONLY | O_DIRECTORY)
            return CgroupDirectory(BeneathDirectory(owning: descriptor, path: "\(files.path)/\(name)"))
        }
    }

    /// As ``child(_:)``; nil where there is none.
    borrowing func childIfPresent(_ name: String) throws(CgroupError) -> CgroupDirectory? {
        do { return try child(name) } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    /// Creates the cgroup `name`; false where it exists.
    @discardableResult
    borrowing func makeChild(_ name: String, mode: mode_t = 0o755) throws(CgroupError) -> Bool {
        do {
            try files.makeDirectory(name, mode: mode)
            return true
        } catch {
            if error.errno.rawValue == EEXIST { return false }
            if [EACCES, EPERM, EROFS].contains(error.errno.rawValue) {
                throw CgroupError(
                    error, code: .notDelegated,
                    advice:
                        "this user may not create cgroups there; run as root, or delegate it (systemd: Delegate=yes)")
            }
            throw CgroupError(error)
        }
    }

    /// Of the directory; 0 where it cannot be looked at.
    var linkCount: Int {
        var status = stat()
        return fstat(raw, &status) == 0 ? Int(status.st_nlink) : 0
    }

    /// Whether the cgroup is still in the hierarchy: an open descriptor outlives the removal.
    borrowing func exists() throws(CgroupError) -> Bool {
        switch try CgroupEvents.open(self) {
        case .some: true
        case .none: false
        }
    }

    /// Whether the two are one cgroup, by whatever path and mount they were opened.
    borrowing func isSame(as path: String) -> Bool {
        var own = stat()
        var other = stat()
        return fstat(raw, &own) == 0 && fstatat(AT_FDCWD, path, &other, 0) == 0
            && own.st_dev == other.st_dev && own.st_ino == other.st_ino
    }

    /// Removes the cgroup `name`; gone already is as good. Throws EBUSY (`occupied`) while it has processes or
    /// children.
    borrowing func removeChild(_ name: String) throws(CgroupError) {
        do { try files.removeDirectory(name) } catch {
            if error.errno.rawValue != ENOENT && error.errno.rawValue != ENODEV { throw CgroupError(error) }
        }
    }

    /// Text of a kernel file; nil where this kernel or this cgroup has none: ENOENT, EOPNOTSUPP (pressure switched off,
    /// threaded), ENODEV (the cgroup is gone).
    borrowing func text(_ name: String) throws(CgroupError) -> String? {
        do {
            let file = try files.open(name, O_RDONLY)
            return try ControlText.read(file, object: "\(files.path)/\(name)")
        } catch {
            if [ENOENT, ENODEV, EOPNOTSUPP].contains(error.errno.rawValue) { return nil }
            throw CgroupError(error)
        }
    }

    /// One write to a kernel file that must be there.
    borrowing func write(_ value: String, to name: String) throws(CgroupError) {
        do { try files.write(value, to: name) } catch { throw CgroupError(error) }
    }
}
