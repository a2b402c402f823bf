import Glibc
import SystemPackage
import SystemSupport

/// A file of the host's, open to all but hidden by the sandbox, so that its mode protects nothing.
///
/// It lies outside of the state directory, whose mode would hide it. Its directory is noted there before it is made, so that
/// the next prover takes away what a killed one left.
struct CanaryFile: Sendable {
    private static let name = "canary"
    private static let prefix = "/var/tmp/scan-executor-proof-"

    let directory: String
    private let note: String
    var path: String { "\(directory)/\(Self.name)" }

    /// Made under the lock of ``ProofField``.
    init(_ content: String, stateDirectory: String) throws(SystemError) {
        note = "\(stateDirectory)/proof.canary"
        Self.removeLeft(by: note)
        let directory = Self.prefix + String(UInt64.random(in: 0 ... .max), radix: 16)
        self.directory = directory
        unlink(note)
        try PlantedFile.write(Array(directory.utf8), to: note, mode: 0o600)
        do throws(SystemError) {
            try systemCall("make directory", directory) { mkdir(directory, 0o755) == 0 ? 0 : -Int(errno) }
            // Whatever the umask.
            try systemCall("set the mode of", directory) { chmod(directory, 0o755) == 0 ? 0 : -Int(errno) }
            try PlantedFile.write(Array(content.utf8), to: path, mode: 0o644)
        } catch {
            remove()
            throw error
        }
    }

    func remove() {
        Self.remove(directory)
        unlink(note)
    }

    private static func removeLeft(by note: String) {
        guard let file = try? OwnedDescriptor.open(note, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
            let bytes = try? file.readAll(limit: 4096, object: note)
        else { return }
        let directory = String(decoding: bytes, as: UTF8.self)
        let number = directory.dropFirst(prefix.count)
        // Only a name that we could have made ourselves.
        guard directory.hasPrefix(prefix), !number.isEmpty, number.allSatisfy(\.isHexDigit) else { return }
        remove(directory)
    }

    /// Only what is ours, and through no link: anybody may put something of that name into /var/tmp once it is gone.
    private static func remove(_ directory: String) {
        guard let found = try? OwnedDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return }
        var status = stat()
        guard fstat(found.raw, &status) == 0, status.st_uid == geteuid() else { return }
        unlinkat(found.raw, name, 0)
        rmdir(directory)
    }
}

/// A file that is made anew, with its mode set last.
enum PlantedFile {
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(SystemError) {
        let file = try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try systemCall("write", path) {
                let result = rest.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress, $0.count) }
                return result < 0 ? -Int(errno) : result
            }
            rest = rest.dropFirst(count)
        }
        // After the content: a write takes the set-user-ID bit away.
        try systemCall("set the mode of", path) { fchmod(file.raw, mode) == 0 ? 0 : -Int(errno) }
    }
}
