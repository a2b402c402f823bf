import Glibc
import SystemSupport

/// A file that the report is to be written to. Opened before the run, so that a wrong path is known before it.
///
/// The working directory may be a checkout of somebody else's: a link there would have root empty a file of its choice.
/// Links of the system's own, such as /dev/stdout, are followed. A FIFO that nobody reads is an error, not a wait.
enum ReportFile {
    static func open(_ path: String) throws -> OwnedDescriptor {
        let isSystem = ["/dev/", "/proc/"].contains { path.hasPrefix($0) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK | (isSystem ? 0 : O_NOFOLLOW)
        do { return try OwnedDescriptor.open(path, flags, mode: 0o600) } catch {
            if error.errno == .tooManySymbolicLinkLevels {
                throw InputError("--report \(path) is a symbolic link; name the file itself")
            }
            throw InputError("\(error): name a file that can be written for --report")
        }
    }
}
