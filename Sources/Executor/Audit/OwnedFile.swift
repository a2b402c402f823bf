import Glibc
import SystemPackage
import SystemSupport

/// An open file with its name for errors, shared by those that use it; closed with the last of them.
final class OwnedFile: Sendable {
    let descriptor: OwnedDescriptor
    let path: String

    init(_ descriptor: consuming OwnedDescriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func status() throws(SystemError) -> stat {
        var status = stat()
        try systemCall("look at", path) { fstat(descriptor.raw, &status) == 0 ? 0 : -Int(errno) }
        return status
    }

    /// Up to `count` bytes from `offset`; fewer at the end of the file only.
    func read(at offset: Int64, count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = try systemCall("read", path) {
                let result = bytes.withUnsafeMutableBytes {
                    pread(descriptor.raw, $0.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
                }
                return result < 0 ? -Int(errno) : result
            }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try systemCall("write to", path) {
                let result = bytes.withUnsafeBytes {
                    pwrite(
                        descriptor.raw, $0.baseAddress! + written, bytes.count - written, off_t(offset) + off_t(written)
                    )
                }
                // No progress and no error is not to be waited for.
                return result < 0 ? -Int(errno) : result == 0 ? -Int(ENOSPC) : result
            }
        }
    }

    func truncate(to size: Int64) throws(SystemError) {
        try systemCall("truncate", path) { ftruncate(descriptor.raw, off_t(size)) == 0 ? 0 : -Int(errno) }
    }

    func setMode(_ mode: mode_t) throws(SystemError) {
        try systemCall("change the mode of", path) { fchmod(descriptor.raw, mode) == 0 ? 0 : -Int(errno) }
    }

    /// fdatasync(2): the bytes and the size.
    func sync() throws(SystemError) {
        try systemCall("fdatasync", path) { fdatasync(descriptor.raw) == 0 ? 0 : -Int(errno) }
    }
}
