import Glibc
import ProcessSupervisor
import SystemSupport

/// What the command gets as stdin.
///
/// - A pipe or a regular file that is open for reading alone: the descriptor itself, so that no more is read than the
///   command reads. Only where not everybody may write to it: then it cannot be opened for writing again through
///   /proc/self/fd, since the sandbox's uid owns neither.
/// - Everything else that can be read, a terminal above all: a pipe, filled by a thread of ours. A terminal's descriptor would let
///   the command change its settings, and read on when the run is over.
/// - A directory: refused. openat(2) from it would lead out of the sandbox.
enum StandardInput {
    static func prepare() throws -> SharedDescriptor? {
        var status = stat()
        let flags = fcntl(0, F_GETFL)
        guard flags >= 0, fstat(0, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw InputError("stdin is a directory, which would lead out of the sandbox; use --target")
        case S_IFCHR where status.st_rdev == 0x103: return nil  // /dev/null: the sandbox has its own
        case S_IFREG, S_IFIFO:
            if flags & O_ACCMODE == O_RDONLY && flags & CInt.path == 0 && status.st_mode & S_IWOTH == 0 {
                return SharedDescriptor(owning: try OwnedDescriptor.duplicate(of: 0))
            }
        default: break
        }
        if flags & O_ACCMODE == O_WRONLY { return nil }
        return try relay()
    }

    private static func relay() throws(SystemError) -> SharedDescriptor {
        let pipe = try OwnedDescriptor.pipe()
        let reader = SharedDescriptor(owning: pipe.readEnd)
        let writer = SharedDescriptor(owning: pipe.writeEnd)
        try SystemThread.start("stdin") {
            // Until the end of the input, or nobody takes it any more, or this process ends.
            let stream = StandardStreams(descriptor: writer.descriptor.raw)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = read(0, buffer.baseAddress, buffer.count)
                let saved = errno
                if count < 0 && saved == EINTR { continue }
                if count < 0 && saved == EAGAIN {
                    var wait = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
                    _ = poll(&wait, 1, -1)
                    continue
                }
                if count <= 0 || stream.write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) != 0 { return }
            }
        }
        return reader
    }
}

extension OwnedDescriptor {
    /// A second descriptor for one that is not ours to close.
    static func duplicate(of number: CInt) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(
            owning: CInt(
                try systemCall("duplicate", "descriptor \(number)") {
                    let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
                    return copy < 0 ? -Int(errno) : Int(copy)
                }))
    }
}
