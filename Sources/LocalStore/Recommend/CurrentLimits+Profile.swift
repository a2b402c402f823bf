public import Executor
import SystemSupport

extension CurrentLimits {
    /// Those of a profile, after whatever overrides it.
    public init(_ limits: ScannerLimits, _ deadlines: Deadlines) {
        self.init()
        self.limits = [
            .memory: limits.memory.bytes, .pids: Int64(limits.pids), .out: limits.out.bytes,
            .printed: limits.printed.bytes, .wall: deadlines.wall.wholeMilliseconds,
        ]
        self.limits[.cpu] = deadlines.cpu?.wholeMicroseconds
    }
}
