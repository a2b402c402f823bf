import Executor
import Glibc
import SystemSupport

/// What a command may use that nobody set limits for: the whole machine, but not for ever, and not without end.
enum ExecDefaults {
    /// - Parameter caps: those of all scans together; a command cannot have more.
    static func limits(within caps: AggregateCaps?) -> ScannerLimits {
        let cores = max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))
        let memory = Int64(sysconf(CInt(_SC_PHYS_PAGES))) * Int64(sysconf(CInt(_SC_PAGESIZE)))
        var limits = ScannerLimits(
            cpu: CPUCount(millicores: Int64(cores) * 1000) ?? oneCore, memory: ByteCount(memory) ?? .mebibytes(1024),
            pids: 4096)
        limits.cpu = min(limits.cpu, caps?.cpu ?? limits.cpu)
        limits.memory = min(limits.memory, caps?.memory ?? limits.memory)
        limits.pids = min(limits.pids, caps?.pids ?? limits.pids)
        limits.tmp = min(.mebibytes(1024), limits.memory)
        limits.tmpInodes = 262_144
        limits.out = limits.tmp
        limits.outInodes = 65536
        limits.printed = ByteCount(.max) ?? limits.memory
        return limits
    }

    static let deadlines = Deadlines(wall: .seconds(86_400))

    private static var oneCore: CPUCount { CPUCount(millicores: 1000)! }
}
