import Glibc
import SystemSupport
import Testing

/// A directory with scanner profiles of a test's own, and a tree to scan. Gone with the test.
final class Workspace {
    let path: String
    var profiles: String { "\(path)/profiles" }
    var target: String { "\(path)/target" }

    init() throws {
        var template = Array("/tmp/cli-tests-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } }
        path = String(cString: try #require(made))
        chmod(path, 0o755)
        mkdir(profiles, 0o755)
        mkdir(target, 0o755)
        try write("source\n", to: "target/file.txt")
    }

    deinit {
        guard let root = try? BeneathDirectory(path: path) else { return }
        var directories: [String] = []
        try? root.walk(staysOnDevice: true) { entry in
            if entry.isDirectory { directories.append(entry.path) } else { unlink("\(path)/\(entry.path)") }
            return true
        }
        for directory in directories.reversed() { rmdir("\(path)/\(directory)") }
        rmdir(path)
    }

    func write(_ text: String, to name: String) throws {
        let file = try OwnedDescriptor.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress, $0.count) }
            try #require(count > 0)
            rest = rest.dropFirst(count)
        }
    }

    /// A scanner that is a shell script: exit 0 is clean, 1 findings, 9 critical.
    func scanner(_ name: String, _ script: String, limits: String = "", wall: String = "60s") throws {
        try write(
            """
            name: \(name)
            command: [sh, -c, '\(script)']
            exit_codes: {clean: [0], findings: [1], critical: [9]}
            limits: {cpu: 1, memory: 64MiB, pids: 16\(limits)}
            deadlines: {wall: \(wall), grace: 1s}

            """, to: "profiles/\(name).yaml")
    }

    func scan(_ name: String, _ options: String..., target: String? = nil) throws -> Tool.Finished {
        try Tool.run(["scan", name, target ?? self.target, "--profiles", profiles] + options)
    }

    func text(_ name: String) -> String? { try? BeneathDirectory(path: path).readText(name) }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }
}
