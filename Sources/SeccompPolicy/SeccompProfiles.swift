import Glibc
import Synchronization
import SystemPackage
import SystemSupport

/// The profiles of one installation: finds them by name, compiles each once, and keeps the result in memory and on disk.
///
/// A profile that was read once stays as it was read for the life of the value: make a new one to see changes on disk.
/// A name asked for by several threads at once is compiled once.
public final class SeccompProfiles: Sendable {
    /// Looked through in this order; the first that has NAME.yaml decides.
    public let searchDirectories: [String]
    private let cache: FilterCache?
    private let filters = Mutex<[Key: CompiledFilter]>([:])

    private struct Key: Hashable {
        var name: String
        var mode: FilterMode
    }

    /// - Parameters:
    ///   - searchDirectories: such as `/etc/scan-executor/seccomp`, then `/usr/share/scan-executor/seccomp`.
    ///   - cacheDirectory: such as `/var/cache/scan-executor/seccomp`, made when missing, used only when it is the caller's
    ///     own and closed to others. Nil: no disk cache.
    public init(searchDirectories: [String], cacheDirectory: String?) {
        self.searchDirectories = searchDirectories
        self.cache = cacheDirectory.map { FilterCache(path: $0) }
    }

    /// The filter of a profile. From the disk cache no YAML is parsed and libseccomp is not called.
    public func filter(named name: String, mode: FilterMode = .enforce) throws(SeccompPolicyError) -> CompiledFilter {
        let key = Key(name: name, mode: mode)
        let result = filters.withLock { filters -> Result<CompiledFilter, SeccompPolicyError> in
            if var known = filters[key] {
                known.source = .memoryCache
                return .success(known)
            }
            do throws(SeccompPolicyError) {
                let made = try make(name, mode)
                filters[key] = made
                return .success(made)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The filter where it is in memory already; never waits. Nil also while another thread is making one.
    public func knownFilter(named name: String, mode: FilterMode = .enforce) -> CompiledFilter? {
        var known = filters.withLockIfAvailable { $0[Key(name: name, mode: mode)] } ?? nil
        known?.source = .memoryCache
        return known
    }

    /// The profile itself, parsed and merged: for showing and checking.
    public func profile(named name: String) throws(SeccompPolicyError) -> SeccompProfile {
        let (directory, bytes) = try find(name)
        return try ProfileLoader.load(name: name, bytes: bytes, directory: open(directory)).profile
    }

    /// Names of the profiles in the search directories, sorted, each once.
    public func names() -> [String] {
        var names: Set<String> = []
        for directory in searchDirectories {
            guard let stream = opendir(directory) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let file = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if file.hasSuffix(".yaml"), ProfileName.isValid(String(file.dropLast(5))) {
                    names.insert(String(file.dropLast(5)))
                }
            }
        }
        return names.sorted()
    }

    private func make(_ name: String, _ mode: FilterMode) throws(SeccompPolicyError) -> CompiledFilter {
        let (path, bytes) = try find(name)
        let directory = try open(path)
        let entry = FilterCache.EntryName(name: name, mode: mode, content: SHA256.hex(SHA256.digest(bytes)))
        var problem: String?
        if let cache {
            do throws(FilterCache.Problem) {
                if let found = try cache.read(entry, directory) { return found }
            } catch {
                problem = error.description
            }
        }
        let loaded = try ProfileLoader.load(name: name, bytes: bytes, directory: directory)
        let program = try FilterCompiler(profile: loaded.profile, mode: mode).compile()
        var filter = CompiledFilter(
            name: name, sha256: loaded.profile.sha256, mode: mode, bpf: program.bytes, source: .compiled,
            cacheProblem: problem)
        if let cache, problem == nil {
            do throws(FilterCache.Problem) {
                try cache.write(entry, filter, includes: loaded.includes)
            } catch {
                filter.cacheProblem = error.description
            }
        }
        return filter
    }

    private func find(_ name: String) throws(SeccompPolicyError) -> (directory: String, bytes: [UInt8]) {
        guard ProfileName.isValid(name) else {
            throw SeccompPolicyError(.invalid, SourcePosition(file: "profile \(Quoted.text(name))"), ProfileName.rule)
        }
        for path in searchDirectories {
            // Only what is not there is looked for elsewhere: an operator's profile that cannot be read must not give way to
            // the shipped one of the same name.
            if !exists("\(path)/\(name).yaml") { continue }
            return (path, try ProfileLoader.read("\(name).yaml", in: open(path)))
        }
        throw SeccompPolicyError(
            .unreadable, SourcePosition(file: "\(name).yaml"),
            "no such profile in \(searchDirectories.joined(separator: ", "))")
    }

    /// False for ENOENT and ENOTDIR alone. A dangling symlink exists as well.
    private func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR)
    }

    private func open(_ path: String) throws(SeccompPolicyError) -> BeneathDirectory {
        do throws(SystemError) {
            return try BeneathDirectory(path: path)
        } catch {
            throw SeccompPolicyError(.unreadable, SourcePosition(file: path), "\(error.errno) (\(error.errno.symbol))")
        }
    }
}
