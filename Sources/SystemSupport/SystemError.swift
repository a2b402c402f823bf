public import SystemPackage

/// A system call that failed: what was tried, on what, and the errno.
///
/// Reads as one line for people: `write "67108864" to /sys/fs/cgroup/x/memory.max: Permission denied (EACCES)`.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The operation in words, with its data: `open`, `write "max"`, `mount tmpfs`.
    public var operation: String
    /// What it was done to: a path, a descriptor's role, a process.
    public var object: String
    /// errno, as saved on the line after the call.
    public var errno: Errno

    public init(_ operation: String, _ object: String, _ errno: Errno) {
        self.operation = operation
        self.object = object
        self.errno = errno
    }

    public var description: String {
        "\(operation) \(object): \(errno) (\(errno.symbol))"
    }
}

extension Errno {
    /// The errno's C name, `EACCES`; its number where it has none here.
    public var symbol: String {
        Errno.symbols[rawValue] ?? "errno \(rawValue)"
    }

    private static let symbols: [CInt: String] = [
        1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 6: "ENXIO", 7: "E2BIG", 8: "ENOEXEC", 9: "EBADF",
        10: "ECHILD", 11: "EAGAIN", 12: "ENOMEM", 13: "EACCES", 14: "EFAULT", 15: "ENOTBLK", 16: "EBUSY",
        17: "EEXIST", 18: "EXDEV", 19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL", 23: "ENFILE",
        24: "EMFILE", 25: "ENOTTY", 26: "ETXTBSY", 27: "EFBIG", 28: "ENOSPC", 29: "ESPIPE", 30: "EROFS",
        31: "EMLINK", 32: "EPIPE", 34: "ERANGE", 36: "ENAMETOOLONG", 38: "ENOSYS", 39: "ENOTEMPTY", 40: "ELOOP",
        61: "ENODATA", 75: "EOVERFLOW", 79: "ELIBACC", 80: "ELIBBAD", 95: "EOPNOTSUPP", 110: "ETIMEDOUT",
        117: "EUCLEAN", 122: "EDQUOT", 125: "ECANCELED",
    ]
}

/// Turns the kernel's convention (a result, or the negated errno) into a value or a thrown `SystemError`. EINTR is retried.
@discardableResult
public func systemCall(
    _ operation: @autoclosure () -> String, _ object: @autoclosure () -> String, _ call: () -> Int
) throws(SystemError) -> Int {
    while true {
        let result = call()
        if result >= 0 { return result }
        if result == -Int(Errno.interrupted.rawValue) { continue }
        throw SystemError(operation(), object(), Errno(rawValue: CInt(-result)))
    }
}
