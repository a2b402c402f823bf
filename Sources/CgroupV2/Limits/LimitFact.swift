import Glibc
import SystemSupport

/// What became of one requested limit: in force, or why not. The caller refuses the task (`require`) or says so
/// (`best-effort`).
public struct LimitFact: Sendable, Equatable {
    public var file: LimitFile
    /// As written to the file: `50000 100000`, `67108864`, `max`.
    public var value: String
    /// Nil: the kernel took the value. Otherwise why it is not in force.
    public var failure: CgroupError?

    public init(file: LimitFile, value: String, failure: CgroupError? = nil) {
        self.file = file
        self.value = value
        self.failure = failure
    }

    public var isEnforced: Bool { failure == nil }
}

extension [LimitFact] {
    /// The limits that are not in force.
    public var missing: [LimitFact] { filter { !$0.isEnforced } }
}

extension CgroupLimits {
    /// Writes every requested limit to `directory`. Only running out of descriptors or memory, or the directory's
    /// removal, throws; a limit that the kernel does not know or refuses is a fact.
    func apply(to directory: borrowing CgroupDirectory) throws(CgroupError) -> [LimitFact] {
        var facts: [LimitFact] = []
        for write in writes {
            facts.append(LimitFact(file: write.file, value: write.value, failure: try write.apply(to: directory)))
        }
        return facts
    }
}

extension LimitWrite {
    fileprivate func apply(to directory: borrowing CgroupDirectory) throws(CgroupError) -> CgroupError? {
        do throws(SystemError) {
            try directory.files.write(value, to: file.rawValue)
            return nil
        } catch {
            switch error.errno.rawValue {
            case ENOENT:
                return CgroupError(
                    error, code: .missingController,
                    advice:
                        "the kernel offers no \(file) here; enable the \(file.controller) controller in the parent of the "
                        + "root (unified hierarchy)")
            case EMFILE, ENFILE, ENOMEM:
                throw CgroupError(error)
            case ENODEV where file == .ioMax:
                return CgroupError(
                    error, code: .invalidLimit,
                    advice: "there is no such disk; name a whole disk of /sys/block by its dev number, no partition")
            case ENODEV:
                throw CgroupError(error)
            default:
                return CgroupError(
                    error, code: .invalidLimit, advice: "the kernel refused \(value) for \(file); correct the limit")
            }
        }
    }
}
