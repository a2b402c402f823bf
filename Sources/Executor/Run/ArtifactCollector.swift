import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport

/// Takes what a run left in `/out`, after its last process is gone.
///
/// Everything there is hostile: names, links, devices, depth. Only regular files are opened, each beneath the mount and not
/// through a link (openat2(2)); what is passed over is listed with its reason. The quotas of `/out` bound the bytes and files.
struct ArtifactCollector {
    /// Deeper directories are passed over: a walk must not run out of descriptors.
    static let depthLimit = 32
    static let nameLimit = 4096

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

    func collect(from mount: DetachedMount) throws(ExecutorError) -> Collection {
        var collection = Collection()
        let root: BeneathDirectory
        do {
            root = BeneathDirectory(
                owning: try mount.descriptor.duplicate(), path: SandboxPath.output, staysOnMount: true)
        } catch { throw ExecutorError(.output, error, "artifacts cannot be read") }
        try walk(root, "", 0, &collection)
        return collection
    }

    private func walk(
        _ directory: borrowing BeneathDirectory, _ prefix: String, _ depth: Int, _ collection: inout Collection
    ) throws(ExecutorError) {
        let names: [String]
        do { names = try directory.entryNames() } catch {
            collection.passedOver.append("\(prefix): \(error.errno)")
            return
        }
        for name in names.sorted() {
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            do throws(SystemError) {
                // Without O_NONBLOCK a FIFO would wait for a writer; O_PATH opens nothing of it at all.
                let entry = try directory.open(name, .path | O_NOFOLLOW)
                var status = stat()
                try systemCall("look at", path) { fstat(entry.raw, &status) == 0 ? 0 : -Int(errno) }
                switch status.st_mode & S_IFMT {
                case S_IFREG: break
                case S_IFDIR where depth < Self.depthLimit: break
                case S_IFDIR: throw SystemError("enter", path, .tooManySymbolicLinkLevels)
                default:
                    collection.passedOver.append("\(path): no regular file")
                    continue
                }
                if path == OutputDirectory.reportName {
                    collection.passedOver.append("\(path): the name is the run report's own")
                    continue
                }
                if !Self.isPlain(path) {
                    collection.passedOver.append("\(path): the name has control characters or is too long")
                    continue
                }
            } catch {
                collection.passedOver.append("\(path): \(error.errno)")
                continue
            }
            try take(name, path, in: directory, depth, &collection)
        }
    }

    private func take(
        _ name: String, _ path: String, in directory: borrowing BeneathDirectory, _ depth: Int,
        _ collection: inout Collection
    ) throws(ExecutorError) {
        if let child = try? directory.directory(name) {
            try destination?.makeDirectory(path)
            return try walk(child, path, depth + 1, &collection)
        }
        let number: CInt
        do { number = try directory.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).release() } catch {
            collection.passedOver.append("\(path): \(error.errno)")
            return
        }
        try copy(OwnedDescriptor(owning: number), path, to: try destination?.create(path), &collection)
    }

    private func copy(
        _ file: consuming OwnedDescriptor, _ path: String, to copy: OutputFile?, _ collection: inout Collection
    ) throws(ExecutorError) {
        let keeps = path == reportPath
        var hash = SHA256()
        var size: Int64 = 0
        var kept: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file.raw, $0.baseAddress, $0.count) }
            let saved = Errno(rawValue: errno)
            if count < 0 && saved == .interrupted { continue }
            if count < 0 {
                collection.passedOver.append("\(path): \(saved)")
                return
            }
            if count == 0 { break }
            let part = chunk[..<count]
            hash.update(part)
            size += Int64(count)
            try copy?.write(part)
            if keeps && kept.count + count <= FindingsReader.maximumBytes { kept.append(contentsOf: part) }
        }
        if keeps && Int64(kept.count) == size {
            collection.report = kept
        } else if keeps {
            collection.reportProblem = "the report \(path) is larger than \(FindingsReader.maximumBytes >> 20) MiB"
        }
        collection.artifacts.append(RunReport.Artifact(path: path, bytes: size, sha256: SHA256.hex(hash.finalize())))
    }

    private static func isPlain(_ path: String) -> Bool {
        path.utf8.count < nameLimit && !path.contains("\u{FFFD}")
            && path.unicodeScalars.allSatisfy { !$0.properties.generalCategory.isControl }
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isControl: Bool {
        [.control, .format, .lineSeparator, .paragraphSeparator, .surrogate].contains(self)
    }
}
