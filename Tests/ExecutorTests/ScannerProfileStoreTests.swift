import Glibc
import Testing

@testable import Executor

@Suite struct ScannerProfileStoreTests {
    private func withTwoDirectories(_ body: (ScannerProfileStore, String) throws -> Void) throws {
        try withTemporaryDirectory { root in
            for name in ["first", "second"] { #expect(mkdir("\(root)/\(name)", 0o755) == 0) }
            try body(ScannerProfileStore(directories: ["\(root)/first", "\(root)/missing", "\(root)/second"]), root)
        }
    }

    @Test func theFirstDirectoryThatHasTheNameWins() throws {
        try withTwoDirectories { store, root in
            try writeFile("\(root)/second/tool.yaml", Array(minimalProfile.utf8))
            #expect(try store.load("tool").file == "\(root)/second/tool.yaml")
            try writeFile("\(root)/first/tool.yaml", Array((minimalProfile + "network: host\n").utf8))
            #expect(try store.load("tool").network == .host)
            #expect(store.list() == [ScannerProfileStore.Entry(name: "tool", path: "\(root)/first/tool.yaml")])
        }
    }

    @Test func aWrongProfileIsNotPassedOverForTheNext() throws {
        try withTwoDirectories { store, root in
            try writeFile("\(root)/first/tool.yaml", Array("name: tool\n".utf8))
            try writeFile("\(root)/second/tool.yaml", Array(minimalProfile.utf8))
            #expect(#expect(throws: ProfileError.self) { try store.load("tool") }?.code == .invalid)
        }
    }

    @Test func aMissingProfileIsNamedWithThoseThereAre() throws {
        try withTwoDirectories { store, root in
            try writeFile("\(root)/second/tool.yaml", Array(minimalProfile.utf8))
            let error = #expect(throws: ProfileError.self) { try store.load("toll") }
            #expect(error?.code == .notFound)
            #expect(
                error?.description
                    == "toll: no such scanner profile in \(root)/first, \(root)/missing, \(root)/second; there are tool"
            )
        }
    }

    @Test func theFileMustBeNamedAsTheProfile() throws {
        try withTwoDirectories { store, root in
            try writeFile("\(root)/first/other.yaml", Array(minimalProfile.utf8))
            let error = #expect(throws: ProfileError.self) { try store.load("other") }
            #expect(
                error?.description.hasSuffix("name: \"tool\" must be the file's name: call the file tool.yaml") == true)
        }
    }

    @Test(arguments: [
        "", "..", "../tool", "a/b", "Tool", "-tool", ".tool", "tool\0", String(repeating: "a", count: 65),
    ])
    func namesThatAreNoNamesNeverBecomePaths(_ name: String) throws {
        try withTwoDirectories { store, _ in
            #expect(#expect(throws: ProfileError.self) { try store.load(name) }?.code == .invalidName)
        }
    }

    @Test func tenMegabytesAreRefusedWithoutBeingRead() throws {
        try withTwoDirectories { store, root in
            try writeFile("\(root)/first/tool.yaml", Array(repeating: UInt8(ascii: "a"), count: 10 << 20))
            let error = #expect(throws: ProfileError.self) { try store.load("tool") }
            #expect(error?.code == .malformed)
            #expect(
                error?.problems.first?.message == "the file is larger than 262144 bytes, the most a profile may have")
        }
    }

    @Test func whatIsNoRegularFileIsRefusedAndDoesNotBlock() throws {
        try withTwoDirectories { store, root in
            #expect(mkfifo("\(root)/first/tool.yaml", 0o600) == 0)
            #expect(#expect(throws: ProfileError.self) { try store.load("tool") }?.code == .unreadable)
        }
    }

    @Test func theStandardDirectoriesFollowTheExecutable() {
        #expect(
            ScannerProfileStore.standardDirectories(given: "/mine", executable: "/usr/local/bin/scan-executor")
                == ["/mine", "/etc/scan-executor/scanners", "/usr/local/share/scan-executor/scanners"])
        #expect(
            ScannerProfileStore.standardDirectories(
                given: nil, executable: "/home/me/scan/.build/x86_64/debug/scan-executor")
                == ["/etc/scan-executor/scanners", "/home/me/scan/deploy/scanners"])
    }

    @Test func everyShippedProfileIsRight() throws {
        let store = ScannerProfileStore(directories: ["\(repository)/deploy/scanners"])
        #expect(store.list().map(\.name) == ["bandit", "cppcheck", "flawfinder", "semgrep", "shellcheck"])
        for entry in store.list() {
            let profile = try store.load(entry.name)
            #expect(profile.network == .none)
            #expect(profile.report != nil)
            #expect(profile.version != nil)
            #expect(profile.exitCodes[0] == .clean)
            #expect(profile.readOnlyPaths.allSatisfy { access($0.host, R_OK) == 0 })
        }
    }
}
