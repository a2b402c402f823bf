import Glibc
import SystemPackage
import SystemSupport

/// Reads a profile and its includes below one directory and merges them.
struct ProfileLoader {
    /// A file larger than this is refused unread.
    static let sizeLimit = 1 << 20
    /// Files that may be open one below the other.
    static let depthLimit = 8
    /// Files of one profile in all.
    static let fileLimit = 32

    /// An included file and the digest of its bytes.
    struct Include: Sendable, Equatable {
        /// Below the directory of the profile.
        var path: String
        var sha256: String
    }

    /// What a profile was made of.
    struct Loaded {
        var profile: SeccompProfile
        var includes: [Include]
    }

    private let name: String
    private let directoryPath: String
    private var stack: [String] = []
    private var includes: [Include] = []
    private var rules: [SeccompRule] = []

    private init(name: String, directoryPath: String) {
        self.name = name
        self.directoryPath = directoryPath
    }

    /// Parses `bytes`, which were read from `name`.yaml in the directory.
    static func load(
        name: String, bytes: [UInt8], directory: borrowing BeneathDirectory
    ) throws(SeccompPolicyError) -> Loaded {
        var loader = ProfileLoader(name: name, directoryPath: directory.path)
        let file = name + ".yaml"
        let actions = try loader.merge(file, bytes, directory)
        guard let defaultAction = actions.default?.action else {
            throw SeccompPolicyError(.invalid, loader.position(file), "a profile needs a default")
        }
        var profile = SeccompProfile(name: name, defaultAction: defaultAction)
        profile.newerAction = actions.newer?.action
        for rule in loader.rules { try profile.add(rule) }
        return Loaded(profile: profile, includes: loader.includes)
    }

    /// A regular file beneath the directory, whole. Never waits: a FIFO in the place of a profile is refused.
    static func read(_ path: String, in directory: borrowing BeneathDirectory) throws(SeccompPolicyError) -> [UInt8] {
        let position = SourcePosition(file: "\(directory.path)/\(path)")
        do throws(SystemError) {
            let file = try directory.open(path, O_RDONLY | O_NONBLOCK)
            var status = stat()
            let number = file.raw
            try systemCall("stat", position.file) { fstat(number, &status) < 0 ? -Int(errno) : 0 }
            if status.st_mode & S_IFMT != S_IFREG { throw SystemError("read", position.file, Errno(rawValue: EINVAL)) }
            return try file.readAll(limit: sizeLimit, object: position.file)
        } catch {
            if error.errno == .fileTooLarge { throw SeccompPolicyError(.tooLarge, position, "larger than 1 MiB") }
            if error.errno.rawValue == EINVAL { throw SeccompPolicyError(.unreadable, position, "not a regular file") }
            if error.errno == .tooManySymbolicLinkLevels {
                throw SeccompPolicyError(.unreadable, position, "a symlink; profiles are read without following any")
            }
            throw SeccompPolicyError(.unreadable, position, "\(error.errno) (\(error.errno.symbol))")
        }
    }

    private typealias Actions = (
        default: (action: SeccompAction, position: SourcePosition)?,
        newer: (action: SeccompAction, position: SourcePosition)?
    )

    private func position(_ path: String) -> SourcePosition { SourcePosition(file: "\(directoryPath)/\(path)") }

    /// Includes go first, so that a conflict is reported at the rule of the file that includes.
    private mutating func merge(
        _ path: String, _ bytes: [UInt8], _ directory: borrowing BeneathDirectory
    ) throws(SeccompPolicyError) -> Actions {
        let document = try ProfileReader(file: position(path).file).read(bytes)
        if stack.isEmpty, let written = document.name, written != name {
            throw SeccompPolicyError(.invalid, position(path), "name \(Quoted.text(written)) is not the file's name")
        }
        stack.append(path)
        var actions: Actions = (nil, nil)
        for include in document.includes {
            let base = path.split(separator: "/").dropLast().joined(separator: "/")
            let target = base.isEmpty ? include.path : "\(base)/\(include.path)"
            if stack.contains(target) {
                throw SeccompPolicyError(
                    .include, include.position, "include \(Quoted.text(target)) leads back to itself")
            }
            // A file that comes in by two ways has said all it has to say the first time.
            if includes.contains(where: { $0.path == target }) { continue }
            if stack.count == ProfileLoader.depthLimit || includes.count + 1 == ProfileLoader.fileLimit {
                throw SeccompPolicyError(
                    .include, include.position,
                    "more than \(ProfileLoader.fileLimit) files, or nested deeper than \(ProfileLoader.depthLimit)")
            }
            let content = try readInclude(target, include.position, directory)
            includes.append(Include(path: target, sha256: SHA256.hex(SHA256.digest(content))))
            let inner = try merge(target, content, directory)
            actions.default = try combine(actions.default, inner.default, include.position)
            actions.newer = try combine(actions.newer, inner.newer, include.position)
        }
        stack.removeLast()
        rules.append(contentsOf: document.rules)
        return (document.defaultAction ?? actions.default, document.newerAction ?? actions.newer)
    }

    private func readInclude(
        _ path: String, _ position: SourcePosition, _ directory: borrowing BeneathDirectory
    ) throws(SeccompPolicyError) -> [UInt8] {
        do throws(SeccompPolicyError) {
            return try ProfileLoader.read(path, in: directory)
        } catch {
            throw SeccompPolicyError(error.code, position, "include \(Quoted.text(path)): \(error.reason)")
        }
    }

    /// Two included files may not disagree; the including file can settle it with a line of its own.
    private func combine(
        _ first: (action: SeccompAction, position: SourcePosition)?,
        _ second: (action: SeccompAction, position: SourcePosition)?,
        _ position: SourcePosition
    ) throws(SeccompPolicyError) -> (action: SeccompAction, position: SourcePosition)? {
        guard let first, let second, first.action != second.action else { return first ?? second }
        throw SeccompPolicyError(
            .conflict, position,
            "\(second.action) at \(second.position) conflicts with \(first.action) at \(first.position)")
    }
}
