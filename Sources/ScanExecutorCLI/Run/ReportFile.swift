import Glibc
import SystemSupport

/// A file that the report is to be written to. Opened before the run, so that a wrong path is known before it.
enum ReportFile {
    static func open(_ path: String) throws -> OwnedDescriptor {
        do { return try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, mode: 0o600) } catch {
            throw InputError("\(error): name a file that can be written for --report")
        }
    }
}
