import CgroupV2
import Glibc
import SystemPackage
import SystemSupport

/// A proof as it lies in the state directory, as `proof.json`: of which boot, when, and made with which program.
///
/// The file is one JSON object whose last member, `proof`, is the text that is hashed, byte for byte.
public struct RecordedProof: Sendable, Hashable {
    public static let fileName = "proof.json"
    static let sizeLimit = 1 << 20

    public var proof: Proof
    /// Of the text in the file; checked when it was read.
    public var sha256: String
    public var bootID: String
    /// RFC 3339, for people.
    public var provedAt: String
    public var probePath: String
    /// As ``ProbeProgram/identity``.
    public var probeIdentity: String

    /// Why it says nothing of this host as it is now; nil where it does.
    public func problem() -> String? {
        let kernel = KernelName.current
        if bootID != Self.currentBootID { return "it was made before the last boot" }
        if proof.facts.kernel != kernel.release || proof.facts.architecture != kernel.machine {
            return "it is of kernel \(proof.facts.kernel), and this is \(kernel.release)"
        }
        if proof.facts.executorVersion != ExecutorVersion.current {
            return "it is of scan-executor \(proof.facts.executorVersion), and this is \(ExecutorVersion.current)"
        }
        let identity = try? ProbeProgram.identity(path: probePath)
        return identity == probeIdentity ? nil : "\(TerminalText.line(probePath)) has changed since"
    }

    /// The hash of a proof that is valid for this host now and in which nothing failed, for the records of its runs; nil where
    /// there is none.
    public static func currentSHA256(stateDirectory: String) -> String? {
        // What is wrong with the file is said where a proof is required.
        guard let recorded = try? Proof.recorded(stateDirectory: stateDirectory), recorded.problem() == nil,
            // What is not enforced on this host is no failure of it: each run's own record says so.
            recorded.proof.holds(under: .bestEffort)
        else { return nil }
        return recorded.sha256
    }

    static var currentBootID: String? { try? WorkerIdentity.current(id: "proof").bootID }
}

extension Proof {
    /// What `doctor --prove` left in `stateDirectory`; nil where it left nothing.
    ///
    /// - Throws: `ExecutorError` where the file is not ours alone to write, is malformed, or its hash is wrong.
    public static func recorded(stateDirectory: String) throws(ExecutorError) -> RecordedProof? {
        let path = "\(stateDirectory)/\(RecordedProof.fileName)"
        let bytes: [UInt8]
        do throws(SystemError) {
            let file = try OwnedDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            var status = stat()
            try systemCall("look at", path) { fstat(file.raw, &status) == 0 ? 0 : -Int(errno) }
            if status.st_mode & S_IFMT != S_IFREG || status.st_uid != geteuid() || status.st_mode & 0o022 != 0 {
                throw SystemError("trust", path, .notPermitted)
            }
            bytes = try file.readAll(limit: RecordedProof.sizeLimit, object: path)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw ExecutorError(.host, error, "it must be a file that this user alone can write; \(Self.remedy)")
        }
        guard let recorded = RecordedProof(bytes) else {
            throw ExecutorError(
                .host, "\(path) was altered, or is no proof: its hash is not that of its content; \(Self.remedy)")
        }
        return recorded
    }

    static let remedy = "run scan-executor doctor --prove"

    /// Puts it in the place of what was there, at once or not at all.
    public func record(stateDirectory: String, probe: ProbeProgram) throws(ExecutorError) {
        let text = RecordedProof(
            proof: self, sha256: sha256, bootID: RecordedProof.currentBootID ?? "",
            provedAt: "\(Timestamp.now)", probePath: probe.path, probeIdentity: probe.identity
        ).text
        let path = "\(stateDirectory)/\(RecordedProof.fileName)"
        let temporary = "\(path).partial"
        do throws(SystemError) {
            // A killed prover's. Two at once are kept apart by the lock of ``ProofField``, or come to the same.
            unlink(temporary)
            let file = try OwnedDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = try systemCall("write", temporary) {
                    let result = rest.withUnsafeBytes { write(file.raw, $0.baseAddress, $0.count) }
                    return result < 0 ? -Int(errno) : result
                }
                rest = rest.dropFirst(count)
            }
            try systemCall("sync", temporary) { fsync(file.raw) == 0 ? 0 : -Int(errno) }
            try systemCall("rename \(temporary) to", path) { rename(temporary, path) == 0 ? 0 : -Int(errno) }
        } catch {
            unlink(temporary)
            throw ExecutorError(.host, error, "the proof could not be kept; make room in the state directory")
        }
    }
}
