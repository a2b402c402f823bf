import Glibc
import Synchronization
import SystemSupport

/// The versions of scanners, each asked for once: `version` of a profile is a run of its own, and takes seconds with some.
///
/// An answer holds as long as the profile's bytes and the program's file are the same. Answers are kept in this process and, for
/// the next ones, in files; failures too, but only for a while, since they may pass; and what was cancelled is no answer.
final class ScannerVersions: Sendable {
    /// What there is to be remembered.
    enum Answer: Sendable, Equatable {
        case version(String)
        case failed

        var version: String? { if case .version(let text) = self { text } else { nil } }
    }

    private enum Known {
        /// Nil: cancelled.
        case asking(Task<Answer?, Never>)
        case answer(Answer, at: MonotonicTime)
    }

    /// How long a failure is not tried again.
    static let patience: Duration = .seconds(600)
    private let known = Mutex<[String: (key: VersionKey, state: Known)]>([:])
    private let files: VersionFiles

    init(stateDirectory: String) { files = VersionFiles(directory: "\(stateDirectory)/versions") }

    /// The version of `name`: remembered, or else what `ask` says. Who comes meanwhile waits for the same answer, and asks for
    /// itself where the one before it was cancelled.
    ///
    /// - Parameter isCancelled: whether this caller's wish is over; a failure is then nobody's.
    func version(
        of name: String, _ key: VersionKey, unless isCancelled: @escaping @Sendable () -> Bool,
        ask: @escaping @Sendable () async -> String?
    ) async -> String? {
        while !isCancelled() {
            let state = known.withLock { known -> Known in
                if let (knownKey, state) = known[name], knownKey == key {
                    switch state {
                    case .asking: return state
                    case .answer(let answer, let at):
                        if answer != .failed || MonotonicTime.now - at < Self.patience { return state }
                    }
                }
                let task = Task { [self] in
                    let answer = await find(name, key, isCancelled, ask)
                    self.known.withLock { known in
                        // Another profile or program may have come to this name meanwhile.
                        guard known[name]?.key == key else { return }
                        known[name] = answer.map { (key, .answer($0, at: .now)) }
                    }
                    return answer
                }
                known[name] = (key, .asking(task))
                return .asking(task)
            }
            switch state {
            case .answer(let answer, _): return answer.version
            case .asking(let task): if let answer = await task.value { return answer.version }
            }
        }
        return nil
    }

    /// Nil where it was cancelled.
    private func find(
        _ name: String, _ key: VersionKey, _ isCancelled: @Sendable () -> Bool, _ ask: @Sendable () async -> String?
    ) async -> Answer? {
        if let found = files.read(name, key) { return found }
        let version = await ask()
        if version == nil && isCancelled() { return nil }
        let answer = version.map { Answer.version($0) } ?? .failed
        files.write(name, key, answer)
        return answer
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
