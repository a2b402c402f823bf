import CSeccomp
import Glibc

/// What a filter answers to a system call: SECCOMP_RET_* of seccomp(2).
public enum SeccompAction: Sendable, Hashable {
    /// The kernel carries out the call.
    case allow
    /// The kernel carries it out and writes a line to its audit log.
    case log
    /// The call fails with this errno, 1 to 4095.
    case errno(CInt)
    /// The whole process dies of SIGSYS.
    case killProcess
    /// The call waits for whoever holds the listener. No profile says so: ``FilterMode/notify`` puts it in.
    case notify

    /// The 32 bits that the filter returns.
    public var returnValue: UInt32 {
        switch self {
        case .allow: CSEC_ALLOW
        case .log: CSEC_LOG
        case .errno(let number): CSEC_ERRNO | UInt32(number)
        case .killProcess: CSEC_KILL_PROCESS
        case .notify: CSEC_NOTIFY
        }
    }

    /// Nil for a value that no filter of ours returns.
    public init?(returnValue: UInt32) {
        let plain: [SeccompAction] = [.allow, .log, .killProcess, .notify]
        if let match = plain.first(where: { $0.returnValue == returnValue }) {
            self = match
        } else if returnValue & 0xFFFF_0000 == CSEC_ERRNO {
            self = .errno(CInt(returnValue & 0xFFFF))
        } else {
            return nil
        }
    }

    /// Whether the call is carried out without asking anyone.
    public var permits: Bool { self == .allow || self == .log }
}

extension SeccompAction: CustomStringConvertible {
    /// As a profile writes it: `allow`, `kill_process`, `errno EPERM`.
    public var description: String {
        switch self {
        case .allow: "allow"
        case .log: "log"
        case .errno(let number): "errno \(ErrnoName.name(number))"
        case .killProcess: "kill_process"
        case .notify: "notify"
        }
    }
}

/// The errnos that a profile may name: those with which a program can do something.
enum ErrnoName {
    private static let numbers: [(name: String, number: CInt)] = [
        ("EPERM", EPERM), ("ENOENT", ENOENT), ("ESRCH", ESRCH), ("EIO", EIO), ("ENXIO", ENXIO), ("EBADF", EBADF),
        ("EAGAIN", EAGAIN), ("ENOMEM", ENOMEM), ("EACCES", EACCES), ("EBUSY", EBUSY), ("ENODEV", ENODEV),
        ("EINVAL", EINVAL), ("ENOTTY", ENOTTY), ("ENOSPC", ENOSPC), ("EROFS", EROFS), ("ENOSYS", ENOSYS),
        ("EOPNOTSUPP", EOPNOTSUPP), ("ENOTSUP", EOPNOTSUPP), ("EAFNOSUPPORT", EAFNOSUPPORT),
        ("EPROTONOSUPPORT", EPROTONOSUPPORT), ("ENETUNREACH", ENETUNREACH),
    ]

    static func number(_ name: String) -> CInt? { numbers.first { $0.name == name }?.number }

    static func name(_ number: CInt) -> String { numbers.first { $0.number == number }?.name ?? "\(number)" }

    static var all: String { numbers.map(\.name).joined(separator: ", ") }
}
