import CSystemSupport
import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport

/// Finds a program as the sandbox will see it, and says before the launch why it could not be executed there.
struct CommandLookup {
    let root: RootTemplate
    let searchPath: [String]
    /// Mounted into the run's `/tmp` later, and to be looked at on the host until then.
    let inTemporary: [String]

    /// The absolute path of `program` in the sandbox. A path with a slash is taken as it is: below `/src` or `/tmp` it can
    /// only be judged by execve(2).
    func resolve(_ program: String, workingDirectory: String) throws(ExecutorError) -> String {
        if program.contains("/") {
            let path = program.hasPrefix("/") ? program : "\(workingDirectory)/\(program)"
            if !Self.isOwn(path) { try check(path) }
            return path
        }
        for directory in searchPath where !program.isEmpty {
            if try status(of: "\(directory)/\(program)") == nil { continue }
            try check("\(directory)/\(program)")
            return "\(directory)/\(program)"
        }
        throw ExecutorError(
            .command,
            "program \(program) is not in the sandbox (PATH \(searchPath.joined(separator: ":"))); install it, or name its directory "
                + "with --scanner-path", errno: .noSuchFileOrDirectory)
    }

    /// Every directory on the way must let anybody through, and the program and its interpreter be executable by anybody: the
    /// sandbox's uid owns nothing here.
    private func check(_ path: String, depth: Int = 0) throws(ExecutorError) {
        var walked = ""
        let components = path.split(separator: "/")
        for (index, component) in components.enumerated() {
            walked += "/\(component)"
            // What leads to a mount in /tmp is made with it, open to all.
            if inTemporary.contains(where: { $0.hasPrefix(walked + "/") }) { continue }
            guard let status = try status(of: walked) else {
                throw ExecutorError(
                    .command, "\(path) does not exist in the sandbox; check the command and read_only_paths",
                    errno: .noSuchFileOrDirectory)
            }
            let isLast = index == components.count - 1
            if !isLast && status.st_mode & 0o001 == 0 {
                throw ExecutorError(
                    .command,
                    "\(path) cannot be reached by the sandbox's uid: directory \(walked) lets only its owner through; chmod o+x it, "
                        + "or install the program elsewhere")
            }
            if isLast && (status.st_mode & S_IFMT != S_IFREG || status.st_mode & 0o001 == 0) {
                throw ExecutorError(
                    .command, "\(path) is not executable for everybody; chmod o+rx it, or name a program",
                    errno: .permissionDenied)
            }
        }
        // The kernel follows four interpreters of interpreters (BINPRM_MAX_RECURSION) and then gives up.
        if depth < 4, let interpreter = interpreter(of: path) {
            guard try status(of: interpreter) != nil else {
                throw ExecutorError(
                    .command,
                    "the interpreter \(interpreter) of \(path) is not in the sandbox; add it to read_only_paths")
            }
            try check(interpreter, depth: depth + 1)
        }
    }

    private func interpreter(of path: String) -> String? {
        guard let file = try? open(path, O_RDONLY | O_NONBLOCK) else { return nil }
        var line = [UInt8](repeating: 0, count: 256)
        let count = line.withUnsafeMutableBytes { read(file.raw, $0.baseAddress, $0.count) }
        guard count > 2, line[0] == UInt8(ascii: "#"), line[1] == UInt8(ascii: "!") else { return nil }
        let text = line[2..<count].prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: text, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\t" })
        return words.first.map(String.init).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private static func isOwn(_ path: String) -> Bool {
        [SandboxPath.target, SandboxPath.temporary, SandboxPath.output].contains { SandboxPath.isSameOrBelow(path, $0) }
    }

    /// Nil where there is no such file. A shortage of ours must not read as that.
    private func status(of path: String) throws(ExecutorError) -> stat? {
        do {
            let handle = try open(path, .path)
            var status = stat()
            try systemCall("look at", path) { fstat(handle.raw, &status) == 0 ? 0 : -Int(errno) }
            return status
        } catch {
            if error.errno.isPassing {
                throw ExecutorError(.command, error, "the program cannot be looked for; try again")
            }
            return nil
        }
    }

    /// Below the sandbox's root, its symlinks followed within it.
    private func open(_ path: String, _ flags: CInt) throws(SystemError) -> OwnedDescriptor {
        if inTemporary.contains(where: { SandboxPath.isSameOrBelow(path, $0) }) {
            return try OwnedDescriptor.open(path, flags)
        }
        let number = try systemCall("open", path) {
            path.withCString {
                csys_openat2(root.root.raw, $0, UInt64(flags | O_CLOEXEC), 0, UInt64(CSYS_RESOLVE_IN_ROOT))
            }
        }
        return OwnedDescriptor(owning: CInt(number))
    }
}
