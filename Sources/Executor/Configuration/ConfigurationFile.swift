import Glibc
import SystemSupport

/// Reads the configuration's file: a regular one, of at most 256 KiB, that nobody but root and this user can have written. It
/// names directories whose programs and profiles root will use.
public enum ConfigurationFile {
    /// Read where no other is named, if it is there.
    public static let standardPath = "/etc/scan-executor/config.yaml"

    /// - Parameter mayBeMissing: a file that is not there gives nil instead of an error; no parser was needed for it then.
    public static func load(
        _ path: String, mayBeMissing: Bool = false
    ) throws(ConfigurationError) -> ExecutorConfiguration? {
        let bytes: [UInt8]
        let distrust: String?
        do throws(SystemError) {
            // Non-blocking, or a FIFO would hold the open until somebody writes to it.
            let file = try OwnedDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
            var status = stat()
            try systemCall("stat", path) { fstat(file.raw, &status) == 0 ? 0 : -Int(errno) }
            distrust = reasonToDistrust(status)
            bytes = distrust == nil ? try file.readAll(limit: YAMLDocument.maximumBytes, object: path) : []
        } catch {
            if mayBeMissing && (error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory) { return nil }
            let message =
                switch error.errno {
                case .noSuchFileOrDirectory: "there is no such file; name the configuration to use"
                case .fileTooLarge:
                    "the file has more than \(YAMLDocument.maximumBytes) bytes, the most a configuration may have"
                default: "\(error)"
                }
            throw ConfigurationError(path, [ProfileProblem(message)])
        }
        if let distrust { throw ConfigurationError(path, [ProfileProblem(distrust)]) }
        return try ExecutorConfiguration(yaml: bytes, file: path)
    }

    /// Why a file of this kind and owner is not to be believed.
    private static func reasonToDistrust(_ status: stat) -> String? {
        if status.st_mode & S_IFMT != S_IFREG { return "not a regular file" }
        if status.st_uid != 0 && status.st_uid != geteuid() {
            return "the file belongs to uid \(status.st_uid), who could change what root does: chown root it"
        }
        if status.st_mode & 0o022 != 0 {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            return "others than its owner may write to the file (mode \(mode)): chmod go-w it"
        }
        return nil
    }
}
