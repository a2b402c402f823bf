import Glibc
import Testing

@testable import Executor

/// Which files are believed.
@Suite struct ConfigurationFileTests {
    private func load(_ path: String, mayBeMissing: Bool = false) -> (ExecutorConfiguration?, String?) {
        do throws(ConfigurationError) {
            return (try ConfigurationFile.load(path, mayBeMissing: mayBeMissing), nil)
        } catch { return (nil, error.description) }
    }

    @Test func onlyANamedFileMustBeThere() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/config.yaml"
            let usual = load(path, mayBeMissing: true)
            #expect(usual.0 == nil && usual.1 == nil)
            #expect(load(path).1 == "\(path): there is no such file; name the configuration to use")
            try writeFile(path, Array("first_uid: 5000\n".utf8))
            #expect(load(path).0?.firstUID == .init(5000, line: 1))
            #expect(load(path, mayBeMissing: true).0?.file == path)
        }
    }

    @Test(arguments: [0o666, 0o662, 0o664, 0o622]) func aFileThatOthersMayWriteIsRefused(_ mode: UInt32) throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/config.yaml"
            try writeFile(path, Array("first_uid: 5000\n".utf8))
            chmod(path, 0o644)
            #expect(load(path).0 != nil)
            chmod(path, mode)
            #expect(
                load(path).1?.contains("others than its owner may write to the file (mode \(String(mode, radix: 8)))")
                    == true)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "gives a file away: needs root")) func aStrangersFileIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = "\(directory)/config.yaml"
            try writeFile(path, Array("first_uid: 5000\n".utf8))
            #expect(chown(path, 12345, 12345) == 0)
            #expect(load(path).1?.contains("the file belongs to uid 12345") == true)
            // Also where it is the usual one: a stranger must not choose what root does by being first.
            #expect(load(path, mayBeMissing: true).1 != nil)
        }
    }

    @Test func whatIsNoFileIsRefusedAtOnce() throws {
        try withTemporaryDirectory { directory in
            mkfifo("\(directory)/fifo", 0o600)
            for path in ["\(directory)/fifo", directory, "/dev/null"] {
                #expect(load(path).1 == "\(path): not a regular file")
            }
            try writeFile("\(directory)/huge", [UInt8](repeating: 0x23, count: 1 << 20))
            #expect(load("\(directory)/huge").1?.contains("more than 262144 bytes") == true)
            #expect(load("\(directory)/huge/below").1?.contains("ENOTDIR") == true)
        }
    }

    /// The shipped sample as it is, and with every setting in it taken out of its comment.
    @Test func theSampleIsRightWithAndWithoutItsComments() throws {
        let text = String(decoding: try Array(readFile("\(repository)/deploy/config.yaml")), as: UTF8.self)
        #expect(try configuration(text) == ExecutorConfiguration(file: "/etc/config.yaml"))
        let settings = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#") && (line.hasPrefix("#  ") || !line.hasPrefix("# "))
                ? String(line.dropFirst()) : String(line)
        }
        let full = try configuration(settings.joined(separator: "\n"))
        #expect(full.requireProof != nil && full.audit.sync != nil && full.scannerPath != nil && full.firstUID != nil)
        #expect(full.caps.lines.count == 3 && full.scanners.keys.sorted() == ["bandit", "semgrep"])
        let store = ScannerProfileStore(directories: ["\(repository)/deploy/scanners"])
        for entry in store.list() {
            #expect(LimitLadder(try store.load(entry.name), full).problems == [], "\(entry.name)")
        }
    }
}
