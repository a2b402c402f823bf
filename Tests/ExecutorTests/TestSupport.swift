import Glibc
import SystemSupport
import Testing

@testable import Executor

/// The checkout that holds these tests.
let repository = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

/// Bytes of a file that a real scanner wrote.
func fixture(_ name: String) throws -> [UInt8] {
    try readFile("\(repository)/Tests/ExecutorTests/Fixtures/\(name)")
}

func readFile(_ path: String) throws -> [UInt8] {
    try OwnedDescriptor.open(path, O_RDONLY).readAll(limit: 1 << 20, object: path)
}

/// A directory that is gone with the test.
func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/executor-tests-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
    let path = String(cString: try #require(made))
    defer {
        for directory in [path + "/first", path + "/second", path] {
            guard let handle = opendir(directory) else { continue }
            while let entry = readdir(handle) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(directory)/\(name)")
            }
            closedir(handle)
            rmdir(directory)
        }
    }
    try body(path)
}

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let file = try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(file.raw, $0.baseAddress, $0.count) }
        try #require(count > 0)
        rest = rest.dropFirst(count)
    }
}

/// The least that a profile says; every test of something wrong adds one thing to it, or takes one away.
let minimalProfile = """
    name: tool
    command: [tool, "{target}"]
    exit_codes: {clean: [0], findings: [1]}
    limits: {cpu: 1.5, memory: 512MiB, pids: 64}
    deadlines: {wall: 10m}

    """

/// The problems of a profile, each as `line key: message`; none where it is right.
func problems(_ yaml: String) -> [String] { problems(Array(yaml.utf8)) }

func problems(_ bytes: [UInt8]) -> [String] {
    do throws(ProfileError) {
        _ = try ScannerProfile(yaml: bytes, file: "/etc/tool.yaml")
        return []
    } catch {
        return error.problems.map { "\($0.line.map(String.init) ?? "-") \($0.description)" }
    }
}
