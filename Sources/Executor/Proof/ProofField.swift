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
    private let canaryPlace: CanaryFile
    private let programs: PlantedMount
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
        let programsPath = "\(directory)/programs"
        PlantedMount.remove(programsPath)
        RemovedTree.remove(directory)
        try systemCall("make directory", directory) { [directory] in mkdir(directory, 0o700) == 0 ? 0 : -Int(errno) }
        var place: CanaryFile?
        var process: HostProcess?
        do {
            let canaryPlace = try CanaryFile(secret, stateDirectory: stateDirectory)
            place = canaryPlace
            self.canaryPlace = canaryPlace
            canaryFile = canaryPlace.path
            let program = try OwnedDescriptor.open(probe.path, O_RDONLY)
                .readAll(limit: ProbeProgram.sizeLimit, object: probe.path)
            programs = try PlantedMount(programsPath)
            try PlantedFile.write(program, to: "\(programsPath)/setuid", mode: 0o6755)
            try PlantedFile.write(program, to: "\(programsPath)/capable", mode: 0o755)
            capabilityProblem = Self.giveAllCapabilities("\(programsPath)/capable")
            readOnlyPaths = [
                try ReadOnlyPath(host: probe.path, sandbox: Self.probePath),
                try ReadOnlyPath(host: "\(programsPath)/setuid", sandbox: Self.setuidPath),
                try ReadOnlyPath(host: "\(programsPath)/capable", sandbox: Self.capablePath),
            ]
            listeners = try HostListeners(name: "scan-executor-proof-\(number)")
            let canary = try HostProcess(probe.path, ["canary"])
            process = canary
            self.canary = canary
            // Inheritable on purpose: a worker's library may have opened one so. Without it `worker-descriptors` would prove less.
            leaked = CInt(
                try systemCall("open", canaryPlace.path) {
                    let number = open(canaryPlace.path, O_RDONLY)
                    return number < 0 ? -Int(errno) : Int(number)
                })
        } catch {
            process?.end()
            PlantedMount.remove(programsPath)
            RemovedTree.remove(directory)
            place?.remove()
            if let problem = error as? ValueProblem { throw ExecutorError(.command, "the probe: \(problem.message)") }
            throw error
        }
        terminal = HostTerminal()
    }

    /// Takes everything away. Once.
    func remove() {
        canary.end()
        close(leaked)
        programs.remove()
        RemovedTree.remove(directory)
        canaryPlace.remove()
    }

    /// `security.capability`, revision 2 with the effective bit: <linux/capability.h>.
    private static func giveAllCapabilities(_ path: String) -> String? {
        let value: [UInt8] =
            [0x01, 0x00, 0x00, 0x02] + [0xff, 0xff, 0xff, 0xff] + [0, 0, 0, 0] + [0xff, 0x01, 0, 0] + [0, 0, 0, 0]
        do throws(SystemError) {
            try OwnedDescriptor.open(path, O_RDONLY).setAttribute("security.capability", to: value, object: path)
            return nil
        } catch { return "the kernel's tmpfs keeps no file capabilities (\(error.errno.symbol))" }
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
