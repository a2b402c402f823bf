import Glibc
import ProcessSupervisor
import SystemSupport

/// Where a program is on the host, and what else of the host it needs to be seen: nothing for the system's own, for others
/// the file itself and, for a Python virtual environment, the environment and the Python it was made with.
struct ProgramLocation {
    /// Directories that come before the system's in PATH.
    var directories: [String] = []
    /// Paths to be shown to the sandbox, where they are on the host.
    var needs: [String] = []
    /// Those of ``needs`` that are part of the root.
    var inRoot: [RootLayout.Bind] {
        needs.filter { !SandboxPath.isSameOrBelow($0, SandboxPath.temporary) }.map { .init(source: $0, target: $0) }
    }
    /// Those of ``needs`` that lie in the host's `/tmp`, to be mounted into the run's own.
    var inTemporary: [String] { needs.filter { SandboxPath.isSameOrBelow($0, SandboxPath.temporary) } }

    /// - Parameters:
    ///   - directories: searched before the system's own.
    ///   - declared: what the profile shows anyway.
    static func find(
        _ program: String, directories: [String], declared: [ReadOnlyPath]
    ) throws(ExecutorError) -> ProgramLocation {
        if program.isEmpty { throw ExecutorError(.command, "there is no command; name a program") }
        var location = ProgramLocation()
        if program.contains("/") {
            // One in the sandbox's own directories is the run's; what the host has there is another.
            let own = [SandboxPath.target, SandboxPath.temporary, SandboxPath.output]
            if program.hasPrefix("/") && !own.contains(where: { SandboxPath.isSameOrBelow(program, $0) }) {
                try location.show(program, declared)
            }
            return location
        }
        let system = HostSettings.systemProgramDirectories
        for directory in directories + system where access("\(directory)/\(program)", F_OK) == 0 {
            if system.contains(directory) { break }
            location.directories.append(directory)
            try location.show("\(directory)/\(program)", declared)
            break
        }
        return location
    }

    private mutating func show(_ path: String, _ declared: [ReadOnlyPath]) throws(ExecutorError) {
        let system = ["/usr", "/bin", "/sbin", "/lib", "/lib64"]
        func isShown(_ path: String) -> Bool {
            system.contains { SandboxPath.isSameOrBelow(path, $0) }
                || needs.contains { SandboxPath.isSameOrBelow(path, $0) }
                || declared.contains { SandboxPath.isSameOrBelow(path, $0.host) }
        }
        if isShown(path) { return }
        guard access(path, F_OK) == 0 else { return }
        let parts = path.split(separator: "/").map(String.init)
        let environment = "/" + parts.dropLast(2).joined(separator: "/")
        if parts.count > 2, let home = pythonHome(of: environment) {
            try add(environment)
            // `home` is the directory of the base interpreter: PEP 405. Its prefix holds the standard library. The file may be
            // a stranger's: where there is no interpreter it names no Python but something else of the host.
            if let python = canonical(home), !isShown(python), access("\(python)/python3", X_OK) == 0 {
                try add("/" + python.split(separator: "/").dropLast().joined(separator: "/"))
            }
            return
        }
        try add(path)
        if let target = canonical(path), target != path, !isShown(target) { try add(target) }
    }

    private mutating func add(_ path: String) throws(ExecutorError) {
        let covered = [SandboxPath.target, SandboxPath.output, "/proc", "/sys", "/dev"]
        if path == "/" || covered.contains(where: { SandboxPath.isSameOrBelow(path, $0) }) {
            throw ExecutorError(
                .command,
                "a program at \(path) cannot be shown to the sandbox, which has its own there; install it elsewhere")
        }
        needs.append(path)
    }

    /// The key `home` of pyvenv.cfg; nil where `directory` is no virtual environment.
    private func pythonHome(of directory: String) -> String? {
        guard let root = try? BeneathDirectory(path: directory),
            let text = try? root.readText("pyvenv.cfg", limit: 64 << 10)
        else {
            return nil
        }
        for line in text.split(separator: "\n") {
            let pair = line.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " } }
            guard pair.count == 2, pair[0].hasPrefix("home") else { continue }
            return String(pair[1].reversed().drop { $0 == " " }.reversed())
        }
        return nil
    }

    private func canonical(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
