import Glibc
import SystemPackage
import SystemSupport

/// What the prover plants on the host for the attacks to find, and takes away again: a file, a process, an open
/// descriptor, sockets, a terminal, programs with rights.
final class ProofField: Sendable {
    /// Where runs see the probe, and its copies with set-user-ID and with capabilities.
    static let probePath = "/opt/scan-probe/probe"
    static let setuidPath = "/opt/scan-probe/setuid"
    static let capablePath = "/opt/scan-probe/capable"
    /// The variable that says which run a process belongs to, whatever became of its parents.
    static let runVariable = "SCAN_PROBE_RUN"

    /// Closed to others: a program of root's with the set-user-ID bit must be nobody's to start.
    let directory: String
    /// Open to all but hidden by the sandbox, so that its mode protects nothing.
    let canaryFile: String
    /// What stands in it, and must turn up nowhere.
    let secret: String
    let canary: HostProcess
    let listeners: HostListeners
    let terminal: HostTerminal?
    /// Why the copy with capabilities could not be made; nil where it was.
    let capabilityProblem: String?
    /// The name of everything that the other run holds. At most 15 bytes, as names of processes are.
    let holderToken: String
    let readOnlyPaths: [ReadOnlyPath]
    private let canaryDirectory: String
    private let leaked: CInt
    private let lock: OwnedDescriptor

    var port: UInt16 { listeners.port }
    var socketName: String { listeners.name }

    static var hasSwap: Bool {
        let text = (try? BeneathDirectory(path: "/proc").readText("swaps")) ?? ""
        return text.split(separator: "\n").count > 1
    }

    init(_ probe: ProbeProgram, stateDirectory: String) throws {
        let number = String(UInt32.random(in: 0 ... .max), radix: 16)
        holderToken = "held-\(number)"
        secret = "secret-\(number)-\(UInt64.random(in: 0 ... .max))"
        directory = "\(stateDirectory)/proof.d"
        lock = try OwnedDescriptor.open("\(stateDirectory)/proof.lock", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        if flock(lock.raw, LOCK_EX | LOCK_NB) != 0 {
            throw ExecutorError(
                .host,
                "another proof of this host is being made (\(stateDirectory)/proof.lock is held); wait for its end",
                isTransient: true)
        }
        // What a killed prover left.
        RemovedTree.remove(directory)
        try systemCall("make directory", directory) { [directory] in mkdir(directory, 0o700) == 0 ? 0 : -Int(errno) }
        canaryDirectory = try Self.temporaryDirectory()
        canaryFile = "\(canaryDirectory)/canary"
        do {
            try Self.write(Array(secret.utf8), to: canaryFile, mode: 0o644)
            let program = try OwnedDescriptor.open(probe.path, O_RDONLY)
                .readAll(limit: ProbeProgram.sizeLimit, object: probe.path)
            try Self.write(program, to: "\(directory)/setuid", mode: 0o6755)
            try Self.write(program, to: "\(directory)/capable", mode: 0o755)
            capabilityProblem = Self.giveAllCapabilities("\(directory)/capable")
            readOnlyPaths = [
                try ReadOnlyPath(host: probe.path, sandbox: Self.probePath),
                try ReadOnlyPath(host: "\(directory)/setuid", sandbox: Self.setuidPath),
                try ReadOnlyPath(host: "\(directory)/capable", sandbox: Self.capablePath),
            ]
            canary = try HostProcess(probe.path, ["canary"])
            listeners = try HostListeners(name: "scan-executor-proof-\(number)")
        } catch {
            RemovedTree.remove(directory)
            RemovedTree.remove(canaryDirectory)
            if let problem = error as? ValueProblem { throw ExecutorError(.command, "the probe: \(problem.message)") }
            throw error
        }
        terminal = HostTerminal()
        // Inheritable on purpose: a worker's library may have opened one so.
        leaked = open(canaryFile, O_RDONLY)
    }

    /// Takes everything away. Once.
    func remove() {
        canary.end()
        close(leaked)
        RemovedTree.remove(directory)
        RemovedTree.remove(canaryDirectory)
    }

    private static func temporaryDirectory() throws(SystemError) -> String {
        var template = Array("/var/tmp/scan-executor-proof-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemError("make directory", "/var/tmp/scan-executor-proof", Errno(rawValue: errno))
        }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        return path
    }

    private static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(SystemError) {
        let file = try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try systemCall("write", path) {
                let result = rest.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress, $0.count) }
                return result < 0 ? -Int(errno) : result
            }
            rest = rest.dropFirst(count)
        }
        // After the content: a write takes the set-user-ID bit away.
        try systemCall("set the mode of", path) { fchmod(file.raw, mode) == 0 ? 0 : -Int(errno) }
    }

    /// `security.capability`, revision 2 with the effective bit: <linux/capability.h>.
    private static func giveAllCapabilities(_ path: String) -> String? {
        let value: [UInt8] =
            [0x01, 0x00, 0x00, 0x02] + [0xff, 0xff, 0xff, 0xff] + [0, 0, 0, 0] + [0xff, 0x01, 0, 0] + [0, 0, 0, 0]
        do throws(SystemError) {
            try OwnedDescriptor.open(path, O_RDONLY).setAttribute("security.capability", to: value, object: path)
            return nil
        } catch { return "the state directory's file system keeps no file capabilities (\(error.errno.symbol))" }
    }
}

/// A directory of our own, with all below it.
enum RemovedTree {
    static func remove(_ path: String) {
        guard let root = try? BeneathDirectory(path: path) else { return }
        var directories: [String] = []
        try? root.walk(staysOnDevice: true) { entry in
            if entry.isDirectory { directories.append(entry.path) } else { unlink("\(path)/\(entry.path)") }
            return true
        }
        for directory in directories.reversed() { rmdir("\(path)/\(directory)") }
        rmdir(path)
    }
}
