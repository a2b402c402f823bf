import Glibc
import SystemSupport

/// The directories that scanner profiles are read from. The first that has a name wins, so an operator's
/// `/etc/scan-executor/scanners/bandit.yaml` replaces the one that was installed.
public struct ScannerProfileStore: Sendable {
    /// A profile's file, not yet read.
    public struct Entry: Sendable, Hashable {
        public var name: String
        public var path: String
    }

    /// In the order of search.
    public let directories: [String]

    public init(directories: [String]) {
        self.directories = directories
    }

    /// The usual directories, in order: the one given by hand, `/etc/scan-executor/scanners`, `share/scan-executor/scanners`
    /// beside the executable's `bin`, and `deploy/scanners` of the checkout whose `.build` holds the executable.
    ///
    /// The current directory is none of them: it may be a tree that is about to be scanned.
    public static func standardDirectories(given: String?, executable: String) -> [String] {
        var directories = given.map { [$0] } ?? []
        directories.append("/etc/scan-executor/scanners")
        let parts = executable.split(separator: "/").map(String.init)
        if parts.count >= 2, parts[parts.count - 2] == "bin" {
            directories.append(
                "/" + (parts.dropLast(2) + ["share", "scan-executor", "scanners"]).joined(separator: "/"))
        }
        if let build = parts.firstIndex(where: { $0 == ".build" || $0.hasPrefix(".build-") }) {
            directories.append("/" + (parts[..<build] + ["deploy", "scanners"]).joined(separator: "/"))
        }
        return directories
    }

    /// Reads the profile of that name from the first directory that has it. A file that is there and wrong is an error; the
    /// search does not go on to another.
    public func load(_ name: String) throws(ProfileError) -> ScannerProfile {
        if !ScannerProfile.isName(name) {
            throw ProfileError(
                .invalidName, String(name.prefix(80)),
                [
                    ProfileProblem("this is no profile name: lower-case letters, digits, - and _, at most 64")
                ])
        }
        for directory in directories {
            if let profile = try ScannerProfileStore.read("\(directory)/\(name).yaml", mayBeMissing: true) {
                return profile
            }
        }
        let known = list().map(\.name).joined(separator: ", ")
        throw ProfileError(
            .notFound, name,
            [
                ProfileProblem(
                    "no such scanner profile in \(directories.joined(separator: ", ")); "
                        + (known.isEmpty ? "there are no profiles at all" : "there are \(known)"))
            ])
    }

    /// Reads one profile by its path, for `profiles check FILE`.
    public static func load(file: String) throws(ProfileError) -> ScannerProfile {
        guard let profile = try read(file, mayBeMissing: false) else {
            throw ProfileError(.notFound, file, [ProfileProblem("no such file")])
        }
        return profile
    }

    /// Every profile that ``load(_:)`` would find, by name; unreadable directories count as empty.
    public func list() -> [Entry] {
        var found: [String: String] = [:]
        for directory in directories {
            for file in ScannerProfileStore.names(in: directory) where file.hasSuffix(".yaml") {
                let name = String(file.dropLast(".yaml".count))
                if ScannerProfile.isName(name) && found[name] == nil { found[name] = "\(directory)/\(file)" }
            }
        }
        return found.map { Entry(name: $0.key, path: $0.value) }.sorted { $0.name < $1.name }
    }

    private static func read(_ path: String, mayBeMissing: Bool) throws(ProfileError) -> ScannerProfile? {
        let bytes: [UInt8]
        do throws(SystemError) {
            // Non-blocking, or a FIFO in the directory would hold the open until somebody writes to it.
            let file = try OwnedDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
            var status = stat()
            if fstat(file.raw, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
                throw SystemError("read", path, .invalidArgument)
            }
            bytes = try file.readAll(limit: YAMLDocument.maximumBytes, object: path)
        } catch {
            if mayBeMissing && (error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory) { return nil }
            let message =
                switch error.errno {
                case .fileTooLarge:
                    "the file is larger than \(YAMLDocument.maximumBytes) bytes, the most a profile may have"
                case .invalidArgument: "not a regular file"
                default: "\(error)"
                }
            throw ProfileError(error.errno == .fileTooLarge ? .malformed : .unreadable, path, [ProfileProblem(message)])
        }
        let profile = try ScannerProfile(yaml: bytes, file: absolute(path))
        let file = path.split(separator: "/").last.map(String.init) ?? path
        if file != "\(profile.name).yaml" {
            throw ProfileError(
                .invalid, path,
                [
                    ProfileProblem(
                        key: "name", "\"\(profile.name)\" must be the file's name: call the file \(profile.name).yaml")
                ])
        }
        return profile
    }

    /// The path with its directory resolved, so that `{profile_dir}` is absolute and free of symbolic links.
    private static func absolute(_ path: String) -> String {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let file = slash.map { path[path.index(after: $0)...] } ?? path[...]
        guard let resolved = realpath(directory, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved) + "/" + file
    }

    private static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }
}
