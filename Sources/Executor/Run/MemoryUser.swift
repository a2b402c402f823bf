import Glibc
import SystemSupport

/// A process of a run that held much memory, at one moment.
public struct MemoryUser: Sendable, Hashable {
    /// As the executor's pid namespace numbers it.
    public var pid: Int32
    /// comm of proc(5): what the program calls itself, so whatever it likes. Sanitized, at most 16 characters.
    public var name: String
    /// Resident, of statm in proc(5): anonymous and shared pages alike.
    public var residentBytes: Int64

    public init(pid: Int32, name: String, residentBytes: Int64) {
        self.pid = pid
        self.name = name
        self.residentBytes = residentBytes
    }
}

extension MemoryUser {
    /// How many are named, and at how many is looked at most: the supervisor's one thread looks.
    static let namedLimit = 5
    static let lookedAtLimit = 256

    /// The largest of the processes that `list` gives, the largest first. It is asked twice: a number that was given to
    /// another process in between is not in both answers.
    static func largest(of list: () -> Set<pid_t>) -> [MemoryUser] {
        guard let proc = try? BeneathDirectory(path: "/proc") else { return [] }
        let page = Int64(sysconf(CInt(_SC_PAGESIZE)))
        var sizes: [(pid: pid_t, bytes: Int64)] = []
        for pid in list().sorted().prefix(lookedAtLimit) {
            guard let text = try? proc.readText("\(pid)/statm", limit: 4096) else { continue }
            let fields = text.split(separator: " ")
            guard fields.count > 1, let pages = Int64(fields[1]), pages > 0, pages <= Int64.max / page else { continue }
            sizes.append((pid, pages * page))
        }
        let named = sizes.sorted { ($0.bytes, $1.pid) > ($1.bytes, $0.pid) }.prefix(namedLimit)
            .map { size in
                let name = (try? proc.readText("\(size.pid)/comm", limit: 4096)) ?? ""
                return MemoryUser(
                    pid: size.pid, name: TerminalText.line(String(name.prefix { $0 != "\n" }), limit: 16),
                    residentBytes: size.bytes)
            }
        let still = list()
        return named.filter { still.contains($0.pid) }
    }
}
