import CSystemSupport
import Glibc
import SystemPackage

/// A file descriptor with one owner: closed when the value is consumed or goes out of scope.
///
/// Everything that opens one sets close-on-exec in the opening call.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, for calls that borrow it. Valid only while the owner lives.
    public let raw: CInt

    /// Takes ownership of an open descriptor.
    public init(owning raw: CInt) {
        precondition(raw >= 0, "an owned descriptor must be open")
        self.raw = raw
    }

    deinit {
        // close(2) on Linux always releases the number, EINTR included; retrying could close a stranger's descriptor.
        _ = close(raw)
    }

    /// Gives the number away; the receiver closes it.
    public consuming func release() -> CInt {
        let number = raw
        discard self
        return number
    }

    /// A duplicate with close-on-exec, number 3 or above. Throws EMFILE at the descriptor limit.
    public borrowing func duplicate() throws(SystemError) -> OwnedDescriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        let saved = Errno(rawValue: errno)
        if copy < 0 { throw SystemError("duplicate", "descriptor \(raw)", saved) }
        return OwnedDescriptor(owning: copy)
    }
}

extension OwnedDescriptor {
    /// open(2) by path, close-on-exec. For paths that the operator chose; hostile trees go through ``BeneathDirectory``.
    public static func open(_ path: String, _ flags: CInt, mode: mode_t = 0) throws(SystemError) -> OwnedDescriptor {
        let number = try systemCall("open", path) {
            let result = path.withCString { csys_openat2(AT_FDCWD, $0, UInt64(flags | O_CLOEXEC), UInt64(mode), 0) }
            return Int(result)
        }
        return OwnedDescriptor(owning: CInt(number))
    }

    /// pipe2(2): (read end, write end), close-on-exec. `flags` may add O_NONBLOCK.
    public static func pipe(flags: CInt = 0) throws(SystemError) -> DescriptorPair {
        var numbers: [2 of CInt] = [-1, -1]
        try systemCall("create", "pipe") {
            withUnsafeMutablePointer(to: &numbers) {
                $0.withMemoryRebound(to: CInt.self, capacity: 2) { csys_pipe2($0, flags | O_CLOEXEC) }
            }
        }
        return DescriptorPair(
            readEnd: OwnedDescriptor(owning: numbers[0]), writeEnd: OwnedDescriptor(owning: numbers[1]))
    }
}

/// The two ends of a pipe, each to be moved out by its user.
@frozen
public struct DescriptorPair: ~Copyable, Sendable {
    public var readEnd: OwnedDescriptor
    public var writeEnd: OwnedDescriptor

    public init(readEnd: consuming OwnedDescriptor, writeEnd: consuming OwnedDescriptor) {
        self.readEnd = readEnd
        self.writeEnd = writeEnd
    }
}

extension CInt {
    /// O_PATH of open(2): a handle on the place in the tree, with no right to read or write.
    public static var path: CInt { CInt(CSYS_O_PATH) }
}
