import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport

/// Takes what a run left in `/out`, after its last process is gone.
///
/// Everything there is hostile: names, links, devices, depth, sizes. Only regular files are opened, each beneath the mount and
/// not through a link (openat2(2)); what is passed over is listed with its reason.
///
/// The quotas of `/out` bound blocks and inodes, not what a reader sees: a file of holes may be a pebibyte long and take no
/// block, and a hard link shows the same blocks once more. So each file is taken under one name, and files with holes
/// have a quota for their bytes together, as large as that of `/out`.
struct ArtifactCollector {
    /// Deeper directories are passed over: a walk must not run out of descriptors.
    static let depthLimit = 32
    static let nameLimit = 4096
    /// How many entries are listed as passed over; of more there is a count.
    static let passedOverLimit = 100

    struct Collection {
        var artifacts: [RunReport.Artifact] = []
        /// The bytes of the report file, where it is there.
        var report: [UInt8]?
        var reportProblem: String?
        /// What was not taken, and why, for people.
        var passedOver: [String] = []
    }

    let reportPath: String?
    let destination: OutputDirectory?
    /// Of `/out`, in bytes.
    let quota: ByteCount

    func collect(from mount: DetachedMount) throws(ExecutorError) -> Collection {
        let walk = ArtifactWalk(collector: self)
        let root: BeneathDirectory
        do {
            root = BeneathDirectory(
                owning: try mount.descriptor.duplicate(), path: SandboxPath.output, staysOnMount: true)
        } catch { throw ArtifactWalk.shortage(error) }
        try walk.visit(root, "", 0)
        return walk.finished()
    }
}

/// One walk over one `/out`.
private final class ArtifactWalk {
    private let collector: ArtifactCollector
    private var collection = ArtifactCollector.Collection()
    private var uncounted = 0
    private var seen: Set<ino_t> = []
    private var bytesForHoles: Int64
    private var chunk = [UInt8](repeating: 0, count: 256 << 10)

    init(collector: ArtifactCollector) {
        self.collector = collector
        bytesForHoles = collector.quota.bytes
    }

    func finished() -> ArtifactCollector.Collection {
        if uncounted > 0 { collection.passedOver.append("… and \(uncounted) more") }
        return collection
    }

    func visit(_ directory: borrowing BeneathDirectory, _ prefix: String, _ depth: Int) throws(ExecutorError) {
        let names: [String]
        do { names = try directory.entryNames() } catch {
            return try passOver(prefix, error)
        }
        for name in names.sorted() {
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            let status: stat
            do { status = try look(at: name, path, in: directory) } catch {
                try passOver(path, error)
                continue
            }
            switch status.st_mode & S_IFMT {
            case _ where path == OutputDirectory.reportName: passOver(path, "the name is the run report's own")
            case _ where !Self.isPlain(path): passOver(path, "the name has control characters or is too long")
            case S_IFDIR where depth == ArtifactCollector.depthLimit:
                passOver(path, "deeper than \(ArtifactCollector.depthLimit) directories")
            case S_IFDIR:
                let child: BeneathDirectory
                do { child = try directory.directory(name) } catch {
                    try passOver(path, error)
                    continue
                }
                try collector.destination?.makeDirectory(path)
                try visit(child, path, depth + 1)
            case S_IFREG: try take(name, path, status, in: directory)
            default: passOver(path, "no regular file")
            }
        }
    }

    private func look(
        at name: String, _ path: String, in directory: borrowing BeneathDirectory
    ) throws(SystemError) -> stat {
        // Without O_NONBLOCK a FIFO would wait for a writer; O_PATH opens nothing of it at all.
        let entry = try directory.open(name, .path | O_NOFOLLOW)
        var status = stat()
        try systemCall("look at", path) { fstat(entry.raw, &status) == 0 ? 0 : -Int(errno) }
        return status
    }

    private func take(
        _ name: String, _ path: String, _ status: stat, in directory: borrowing BeneathDirectory
    ) throws(ExecutorError) {
        if status.st_nlink > 1 && !seen.insert(status.st_ino).inserted {
            return passOver(path, "a second name of a file that was taken")
        }
        let size = Int64(status.st_size)
        // st_blocks counts 512 bytes each, whatever the file system: stat(2).
        if Int64(status.st_blocks) * 512 < size {
            if size > bytesForHoles {
                let reason = "\(size) bytes, most of them holes: more than \(SandboxPath.output) may hold"
                if path == collector.reportPath { collection.reportProblem = "the report \(path): \(reason)" }
                return passOver(path, reason)
            }
            bytesForHoles -= size
        }
        let file: OwnedDescriptor
        do { file = try directory.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) } catch {
            return try passOver(path, error)
        }
        try copy(file, path, size, to: try collector.destination?.create(path))
    }

    private func copy(
        _ file: borrowing OwnedDescriptor, _ path: String, _ size: Int64, to copy: OutputFile?
    ) throws(ExecutorError) {
        let keeps = path == collector.reportPath && size <= FindingsReader.maximumBytes
        var hash = SHA256()
        var taken: Int64 = 0
        var kept: [UInt8] = []
        // Nobody writes any more; the size is a bound all the same.
        while taken < size {
            let count: Int
            do {
                let number = file.raw
                count = try systemCall("read", "\(SandboxPath.output)/\(path)") {
                    let result = chunk.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
                    return result < 0 ? -Int(errno) : result
                }
            } catch { throw Self.shortage(error) }
            if count == 0 { break }
            let part = chunk[..<min(count, Int(size - taken))]
            hash.update(part)
            taken += Int64(part.count)
            try copy?.write(part)
            if keeps { kept.append(contentsOf: part) }
        }
        if keeps {
            collection.report = kept
        } else if path == collector.reportPath {
            collection.reportProblem = "the report \(path) is larger than \(FindingsReader.maximumBytes >> 20) MiB"
        }
        collection.artifacts.append(RunReport.Artifact(path: path, bytes: taken, sha256: SHA256.hex(hash.finalize())))
    }

    private func passOver(_ path: String, _ reason: String) {
        if collection.passedOver.count < ArtifactCollector.passedOverLimit {
            collection.passedOver.append("\(path): \(reason)")
        } else {
            uncounted += 1
        }
    }

    /// A shortage of ours is no property of the artifact: it must not read as a run that left nothing.
    private func passOver(_ path: String, _ error: SystemError) throws(ExecutorError) {
        if error.errno.isPassing { throw Self.shortage(error) }
        passOver(path, "\(error.errno)")
    }

    static func shortage(_ error: SystemError) -> ExecutorError {
        ExecutorError(.output, error, "artifacts cannot be read; try again")
    }

    private static func isPlain(_ path: String) -> Bool {
        path.utf8.count < ArtifactCollector.nameLimit && !path.contains("\u{FFFD}")
            && path.unicodeScalars.allSatisfy { !$0.properties.generalCategory.isControl }
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isControl: Bool {
        [.control, .format, .lineSeparator, .paragraphSeparator, .surrogate].contains(self)
    }
}
