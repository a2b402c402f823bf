import Glibc
import SeccompPolicy
import Testing

/// A private directory with profiles, removed at the end.
final class ProfileDirectory: Sendable {
    let path: String

    init(_ files: [String: String] = [:]) throws {
        var template = Array("/tmp/seccomp-policy-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
        for (name, text) in files { try write(text, to: name) }
    }

    deinit { ProfileDirectory.remove(path) }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    func write(_ bytes: [UInt8], to name: String, mode: mode_t = 0o600) throws {
        if let slash = name.lastIndex(of: "/") { _ = mkdir("\(path)/\(name[..<slash])", 0o700) }
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        try #require(file >= 0)
        defer { close(file) }
        try #require(bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count)
    }

    func read(_ name: String) throws -> [UInt8] {
        let file = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        return Array(bytes.prefix(max(0, count)))
    }

    var names: [String] { ProfileDirectory.names(path) }

    /// The profile `name` of this directory, parsed.
    func profile(_ name: String = "test") throws(SeccompPolicyError) -> SeccompProfile {
        try SeccompProfiles(searchDirectories: [path], cacheDirectory: nil).profile(named: name)
    }

    /// The filter of `name`, compiled without a disk cache.
    func filter(_ name: String = "test", _ mode: FilterMode = .enforce) throws(SeccompPolicyError) -> CompiledFilter {
        try SeccompProfiles(searchDirectories: [path], cacheDirectory: nil).filter(named: name, mode: mode)
    }

    private static func names(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ path: String) {
        for name in names(path) where unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        rmdir(path)
    }
}

/// The profiles that are shipped.
enum Shipped {
    static let directory = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/deploy/seccomp"

    /// Shared by all tests: each filter is compiled once.
    static let profiles = SeccompProfiles(searchDirectories: [directory], cacheDirectory: nil)
}
