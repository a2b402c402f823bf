import Glibc
import SeccompPolicy
import Testing

/// The disk cache gives back what was compiled, and believes nothing that others could have written.
@Suite struct FilterCacheTests {
    let profiles: ProfileDirectory
    let cache: ProfileDirectory

    init() throws {
        profiles = try ProfileDirectory([
            "test.yaml": "include: [base.yaml]\nrules:\n  - {action: allow, syscalls: [read]}",
            "base.yaml": "default: {errno: EPERM}",
        ])
        cache = try ProfileDirectory()
    }

    private func load(_ mode: FilterMode = .enforce, cache path: String? = nil) throws -> CompiledFilter {
        try SeccompProfiles(searchDirectories: [profiles.path], cacheDirectory: path ?? cache.path).filter(
            named: "test", mode: mode)
    }

    private func entry() throws -> String { try #require(cache.names.first) }

    @Test func theSecondLoadComesFromDiskAndIsEqual() throws {
        let first = try load()
        let second = try load()
        #expect(first.source == .compiled && second.source == .diskCache)
        #expect(first.bpf == second.bpf && first.sha256 == second.sha256 && second.cacheProblem == nil)
        #expect(cache.names.count == 1)
        let status = try status(entry())
        #expect(status.st_mode & 0o7777 == 0o600)
    }

    @Test func oneValueCompilesOnce() throws {
        let all = SeccompProfiles(searchDirectories: [profiles.path], cacheDirectory: nil)
        #expect(try all.filter(named: "test").source == .compiled)
        #expect(try all.filter(named: "test").source == .memoryCache)
        #expect(try all.filter(named: "test", mode: .notify).source == .compiled)
    }

    @Test func modesHaveEntriesOfTheirOwn() throws {
        let enforce = try load(.enforce)
        let notify = try load(.notify)
        #expect(enforce.bpf != notify.bpf && enforce.sha256 == notify.sha256)
        #expect(try load(.notify).bpf == notify.bpf)
        #expect(cache.names.count == 2)
    }

    @Test func aChangedIncludeIsCompiledAnew() throws {
        let first = try load()
        try profiles.write("default: kill_process", to: "base.yaml")
        let second = try load()
        #expect(second.source == .compiled && second.bpf != first.bpf && second.sha256 != first.sha256)
        try profiles.write("include: [base.yaml]\nrules:\n  - {action: allow, syscalls: [write]}", to: "test.yaml")
        #expect(try load().source == .compiled)
    }

    @Test func commentsChangeTheEntryAndNotTheIdentity() throws {
        let first = try load()
        try profiles.write(
            "# new\ninclude: [base.yaml]\nrules:\n  - action: allow\n    syscalls: [read, read]", to: "test.yaml")
        let second = try load()
        #expect(second.source == .compiled && second.sha256 == first.sha256 && second.bpf == first.bpf)
    }

    @Test func damageIsNoticedAndRepaired() throws {
        let good = try load()
        let name = try entry()
        let bytes = try cache.read(name)
        // A flipped bit anywhere, and every way of being too short or too long.
        for position in stride(from: 0, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[position] ^= 1
            try cache.write(damaged, to: name)
            let loaded = try load()
            #expect(
                loaded.source == .compiled && loaded.bpf == good.bpf && loaded.cacheProblem == nil, "byte \(position)")
        }
        for damaged in [[], Array(bytes.prefix(31)), Array(bytes.dropLast()), bytes + [0]] {
            try cache.write(damaged, to: name)
            #expect(try load().source == .compiled)
        }
        #expect(try load().source == .diskCache)
        #expect(cache.names == [name])
    }

    @Test func filesThatOthersCouldHaveWrittenAreNotBelieved() throws {
        let good = try load()
        let name = try entry()
        let path = "\(cache.path)/\(name)"
        func expectRefused(_ comment: Comment) throws {
            let loaded = try load()
            #expect(loaded.source == .compiled && loaded.bpf == good.bpf, comment)
            #expect(loaded.cacheProblem?.contains("is not used") == true, comment)
        }
        #expect(chmod(path, 0o644) == 0)
        try expectRefused("readable by others")
        #expect(chmod(path, 0o600) == 0)
        #expect(try load().source == .diskCache)

        #expect(rename(path, "\(path).real") == 0 && symlink("\(path).real", path) == 0)
        try expectRefused("a symlink")
        #expect(unlink(path) == 0 && link("\(path).real", path) == 0)
        try expectRefused("a second name")
        #expect(unlink(path) == 0 && mkfifo(path, 0o600) == 0)
        try expectRefused("a FIFO")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func filesOfAnotherUserAreNotBelieved() throws {
        _ = try load()
        let path = "\(cache.path)/\(try entry())"
        #expect(chown(path, 65534, 65534) == 0)
        #expect(try load().cacheProblem?.contains("is not used") == true)
        #expect(unlink(path) == 0)
        #expect(chown(cache.path, 65534, 65534) == 0)
        let loaded = try load()
        #expect(loaded.source == .compiled && loaded.cacheProblem?.contains("belongs to") == true)
        #expect(chown(cache.path, 0, 0) == 0)
    }

    @Test func directoriesThatCannotBeTrustedAreNotUsed() throws {
        #expect(chmod(cache.path, 0o777) == 0)
        #expect(try load().cacheProblem?.contains("can be written by") == true)
        #expect(chmod(cache.path, 0o700) == 0)
        let outside = try ProfileDirectory()
        #expect(symlink(cache.path, "\(outside.path)/link") == 0)
        #expect(try load(cache: "\(outside.path)/link").cacheProblem?.contains("symlink") == true)
        #expect(try load(cache: "\(profiles.path)/test.yaml").cacheProblem != nil)
        #expect(try load(cache: "/proc/nowhere/at-all").cacheProblem?.contains("missing") == true)
        #expect(cache.names.isEmpty)
        #expect(try load(cache: "\(outside.path)/new/deep").cacheProblem == nil)
        #expect(try load(cache: "\(outside.path)/new/deep").source == .diskCache)
    }

    @Test func nothingIsLeftOpen() throws {
        _ = try load()
        let before = descriptors()
        for _ in 0..<20 { _ = try load() }
        try profiles.write("nonsense", to: "test.yaml")
        for _ in 0..<20 { #expect(throws: SeccompPolicyError.self) { try load() } }
        // Other suites open and close beside this one; a leak would show as 20 or more.
        #expect(descriptors() - before < 15)
    }

    private func descriptors() -> Int {
        guard let stream = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        return count
    }

    private func status(_ name: String) throws -> stat {
        var status = stat()
        try #require(lstat("\(cache.path)/\(name)", &status) == 0)
        return status
    }
}
