import CSystemSupport
import Glibc
import SystemPackage
import SystemSupport

/// Fills the root of a template. Runs on the template's own thread, whose `/` it is: plain paths cannot lead elsewhere.
struct RootWriter {
    func makeDirectory(_ path: String) throws(SystemError) {
        var built = ""
        for component in path.split(separator: "/") {
            built += "/\(component)"
            let result = mkdir(built, 0o755)
            let saved = Errno(rawValue: errno)
            // What a bind already shows cannot and need not be made.
            if result != 0 && saved != .fileExists { throw SystemError("make directory", built, saved) }
        }
    }

    func makeLink(_ link: RootLayout.Link) throws(SystemError) {
        try makeParent(of: link.path)
        try systemCall("link to \(link.destination)", link.path) {
            symlink(link.destination, link.path) == 0 ? 0 : -Int(errno)
        }
    }

    func makeFile(_ path: String, _ content: String) throws(SystemError) {
        try makeParent(of: path)
        let file = try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o444)
        try systemCall("write", path) {
            let count = write(file.raw, content, content.utf8.count)
            return count < 0 ? -Int(errno) : count
        }
    }

    func makeDevice(_ device: RootLayout.Device) throws(SystemError) {
        let path = "/dev/\(device.name)"
        try makeParent(of: path)
        // makedev(3): the major number above the low byte of the minor.
        let number = dev_t(device.major) << 8 | dev_t(device.minor)
        try systemCall("make device", path) { mknod(path, S_IFCHR | 0o666, number) == 0 ? 0 : -Int(errno) }
        try systemCall("chmod 0666", path) { chmod(path, 0o666) == 0 ? 0 : -Int(errno) }
    }

    func attach(_ mount: DetachedMount, _ bind: RootLayout.Bind) throws(SystemError) {
        var status = stat()
        try systemCall("look at", bind.source) { fstat(mount.descriptor.raw, &status) == 0 ? 0 : -Int(errno) }
        var there = stat()
        if lstat(bind.target, &there) != 0 {
            if status.st_mode & S_IFMT == S_IFDIR {
                try makeDirectory(bind.target)
            } else {
                try makeFile(bind.target, "")
            }
        }
        try systemCall("bind \(bind.source) to", bind.target) {
            csys_move_mount(mount.descriptor.raw, "", AT_FDCWD, bind.target, UInt32(CSYS_MOVE_FROM_EMPTY_PATH))
        }
    }

    private func makeParent(of path: String) throws(SystemError) {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        try makeDirectory(parent)
    }
}
