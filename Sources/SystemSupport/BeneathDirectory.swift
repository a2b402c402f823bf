import CSystemSupport
import Glibc
import SystemPackage

/// The one door to files below a directory: every path is resolved by openat2(2) with RESOLVE_BENEATH and
/// RESOLVE_NO_SYMLINKS, so that neither `..`, an absolute path nor a planted symlink leads outside.
public struct BeneathDirectory: ~Copyable, Sendable {
    /// The directory itself.
    public let descriptor: OwnedDescriptor
    /// Its name in error messages: where the operator knows it.
    public let path: String
    /// Extra RESOLVE_* flags on every open, such as RESOLVE_NO_XDEV for a single mount.
    private let resolve: UInt64

    /// Opens a directory that the operator named.
    public init(path: String, staysOnMount: Bool = false) throws(SystemError) {
        self.init(
            owning: try OwnedDescriptor.open(path, .path | O_DIRECTORY), path: path, staysOnMount: staysOnMount)
    }

    /// Takes a directory descriptor (O_PATH is enough).
    public init(owning descriptor: consuming OwnedDescriptor, path: String, staysOnMount: Bool = false) {
        self.descriptor = descriptor
        self.path = path
        self.resolve =
            UInt64(CSYS_RESOLVE_BENEATH | CSYS_RESOLVE_NO_SYMLINKS) | (staysOnMount ? UInt64(CSYS_RESOLVE_NO_XDEV) : 0)
    }

    /// Opens `name` (which may have several components) beneath the directory, close-on-exec.
    public borrowing func open(_ name: String, _ flags: CInt, mode: mode_t = 0) throws(SystemError) -> OwnedDescriptor {
        let directory = descriptor.raw
        let number = try systemCall("open", "\(path)/\(name)") {
            name.withCString { Int(csys_openat2(directory, $0, UInt64(flags | O_CLOEXEC), UInt64(mode), resolve)) }
        }
        return OwnedDescriptor(owning: CInt(number))
    }

    /// The same door one or more levels down.
    public borrowing func directory(_ name: String) throws(SystemError) -> BeneathDirectory {
        let child = try open(name, .path | O_DIRECTORY)
        return BeneathDirectory(
            owning: child, path: "\(path)/\(name)", staysOnMount: resolve & UInt64(CSYS_RESOLVE_NO_XDEV) != 0)
    }

    /// Whole content of a small file; more than `limit` bytes is EFBIG.
    public borrowing func read(_ name: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
        let file = try open(name, O_RDONLY)
        return try file.readAll(limit: limit, object: "\(path)/\(name)")
    }

    /// As ``read(_:limit:)``, decoded as UTF-8 with replacement.
    public borrowing func readText(_ name: String, limit: Int = 1 << 20) throws(SystemError) -> String {
        String(decoding: try read(name, limit: limit), as: UTF8.self)
    }

    /// One write(2) of `text` to an existing file: kernel files take a value in one call or not at all.
    public borrowing func write(_ text: String, to name: String) throws(SystemError) {
        let file = try open(name, O_WRONLY)
        var text = text
        let written = text.withUTF8 { bytes -> Int in
            while true {
                let count = Glibc.write(file.raw, bytes.baseAddress, bytes.count)
                let saved = errno
                if count >= 0 { return count == bytes.count ? count : -Int(EIO) }
                if saved != EINTR { return -Int(saved) }
            }
        }
        if written < 0 {
            throw SystemError("write \"\(text)\" to", "\(path)/\(name)", Errno(rawValue: CInt(-written)))
        }
    }
}

extension OwnedDescriptor {
    /// Reads to the end; more than `limit` bytes is EFBIG. `object` names it in errors.
    public borrowing func readAll(limit: Int, object: String) throws(SystemError) -> [UInt8] {
        var content: [UInt8] = []
        let chunk = min(64 << 10, limit + 1)
        while true {
            let wanted = min(chunk, limit + 1 - content.count)
            let number = raw
            var part: [UInt8] = []
            let count = try systemCall("read", object) {
                var result = 0
                // Not filled with zeros first: without the optimiser that takes longer than all else of a start.
                part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                    result = Glibc.read(number, buffer.baseAddress, wanted)
                    if result < 0 { result = -Int(errno) }
                    filled = max(0, result)
                }
                return result
            }
            if count == 0 { return content }
            content += part
            if content.count > limit { throw SystemError("read", object, .fileTooLarge) }
        }
    }
}
