public import CgroupV2
public import SystemSupport

/// What one run of a scanner may use. Every limit is enforced by the kernel or by the supervisor, or reported as not enforced.
public struct ScannerLimits: Sendable, Hashable {
    /// `cpu`: cores, as a quota over 100 ms (`cpu.max`).
    public var cpu: CPUCount
    /// `cpu_weight`: share when processors are short, 1 to 10000 (`cpu.weight`). Nil leaves the kernel's 100.
    public var cpuWeight: Int?
    /// `memory`: everything the run holds, the files in its /tmp and /out included (`memory.max`).
    public var memory: ByteCount
    /// `memory_high`: above it the run is slowed down and reclaimed from, not killed (`memory.high`). Nil: not set.
    public var memoryHigh: ByteCount?
    /// `swap` (`memory.swap.max`). Default 0B.
    public var swap: ByteCount
    /// `oom_group`: whether a run over `memory` is killed as a whole (`memory.oom.group`). Default true. With false the kernel
    /// kills one process; a scanner that succeeds all the same is `partial`.
    public var oomGroup: Bool
    /// `pids`: processes and threads together (`pids.max`); the sandbox's own pid 1 is one of them.
    public var pids: Int
    /// `cpuset`: processors the run may use (`cpuset.cpus`). Nil: all.
    public var cpuset: CPUList?
    /// `io`: throttled devices (`io.max`). Default: none.
    public var io: [IOLimit]
    /// `tmp`, `tmp_inodes`: bytes and files in /tmp. Default 64MiB (or `memory`, if that is less) and 16384.
    public var tmp: ByteCount
    public var tmpInodes: Int
    /// `out`, `out_inodes`: bytes and files in /out, where artifacts are left. Default as `tmp`, and 1024.
    public var out: ByteCount
    public var outInodes: Int
    /// `open_files`: descriptors a process (RLIMIT_NOFILE). Default 1024.
    public var openFiles: Int
    /// `file_size`: the longest file a process may write (RLIMIT_FSIZE). Nil: bounded by `tmp` and `out` alone.
    public var fileSize: ByteCount?
    /// `printed`: bytes on stdout and stderr together; the run ends beyond it (verdict `output_exceeded`). Default 16MiB.
    public var printed: ByteCount

    /// The three limits that have no sensible default, and the defaults for the rest.
    public init(cpu: CPUCount, memory: ByteCount, pids: Int) {
        self.cpu = cpu
        self.memory = memory
        self.pids = pids
        swap = .bytes(0)
        oomGroup = true
        io = []
        tmp = min(.mebibytes(64), memory)
        tmpInodes = 16384
        out = min(.mebibytes(64), memory)
        outInodes = 1024
        openFiles = 1024
        printed = .mebibytes(16)
    }
}

/// How long one run may last.
public struct Deadlines: Sendable, Hashable {
    /// `wall`: time on the clock, from the start of the scanner (verdict `timed_out`).
    public var wall: Duration
    /// `cpu`: processor time of all processes together (verdict `cpu_exhausted`). Nil: not limited.
    public var cpu: Duration?
    /// `grace`: between SIGTERM and the kill of whatever is left. Default 5s; 0s kills at once.
    public var grace: Duration

    public init(wall: Duration, cpu: Duration? = nil, grace: Duration = .seconds(5)) {
        self.wall = wall
        self.cpu = cpu
        self.grace = grace
    }
}
