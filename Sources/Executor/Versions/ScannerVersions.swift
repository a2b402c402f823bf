import Glibc
import Synchronization
import SystemSupport

/// The versions of scanners, each asked for once: `version` of a profile is a run of its own, and takes seconds with some.
///
/// An answer holds as long as the profile's bytes and the program's file are the same. Answers are kept in this process and, for
/// the next ones, in files; failures only here, and for a while, since they may pass.
final class ScannerVersions: Sendable {
    private enum Known {
        case asking(Task<String?, Never>)
        case answer(String?, at: MonotonicTime)
    }

    /// How long a failure is not tried again.
    private static let patience: Duration = .seconds(600)
    private let known = Mutex<[String: (key: VersionKey, state: Known)]>([:])
    private let files: VersionFiles

    init(stateDirectory: String) { files = VersionFiles(directory: "\(stateDirectory)/versions") }

    /// The version of `name`: remembered, or else what `ask` says. Who comes meanwhile waits for the same answer.
    func version(
        of name: String, _ key: VersionKey, ask: @escaping @Sendable () async -> String?
    ) async -> String? {
        let task = known.withLock { known -> Task<String?, Never>? in
            if let (knownKey, state) = known[name], knownKey == key {
                switch state {
                case .asking(let task): return task
                case .answer(let version, let at):
                    if version != nil || MonotonicTime.now - at < Self.patience { return nil }
                }
            }
            let task = Task { [self] in
                let version = await find(name, key, ask)
                self.known.withLock { $0[name] = (key, .answer(version, at: .now)) }
                return version
            }
            known[name] = (key, .asking(task))
            return task
        }
        if let task { return await task.value }
        return known.withLock { known in
            if case .answer(let version, _)? = known[name]?.state { version } else { nil }
        }
    }

    private func find(
        _ name: String, _ key: VersionKey, _ ask: @Sendable () async -> String?
    ) async -> String? {
        if let found = files.read(name, key) { return found }
        guard let version = await ask() else { return nil }
        files.write(name, key, version)
        return version
    }

    /// The line of a version command's output that is kept: the first with a digit in it, for some print their name first. Made
    /// safe to print, and at most 200 characters long.
    static func line(of output: String) -> String? {
        let line = output.split(separator: "\n").first { $0.contains(where: \.isNumber) }
        return line.map { TerminalText.line(String($0.drop(while: \.isWhitespace)), limit: 200) }
    }
}

/// What a scanner's version depends on: the profile, and the program's file.
struct VersionKey: Hashable, Sendable {
    /// 64 hexadecimal digits.
    let digest: String

    /// Nil where there is no such program.
    init?(_ profile: ScannerProfile, program: String) {
        var status = stat()
        guard stat(program, &status) == 0 else { return nil }
        let parts = [
            profile.sha256, program, "\(status.st_dev)", "\(status.st_ino)", "\(status.st_size)",
            "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)",
        ]
        digest = SHA256.hex(SHA256.digest(Array(parts.joined(separator: "\0").utf8)))
    }
}
