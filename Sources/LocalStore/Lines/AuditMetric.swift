/// What is counted of every run.
public enum AuditMetric: Int, Sendable, Hashable, CaseIterable {
    /// Milliseconds on the clock.
    case wall
    /// Microseconds of processor time, user and system together.
    case cpu
    /// Bytes, the peak.
    case memory
    /// Processes and threads together, the peak.
    case pids
    /// Bytes read from and written to block devices.
    case ioRead
    case ioWrite
    /// Bytes on stdout and stderr together.
    case printed
    /// Bytes of the artifacts left in /out.
    case out

    /// The name in JSON, with its unit.
    public var key: String {
        switch self {
        case .wall: "wall_ms"
        case .cpu: "cpu_us"
        case .memory: "memory_peak_bytes"
        case .pids: "pids_peak"
        case .ioRead: "io_read_bytes"
        case .ioWrite: "io_write_bytes"
        case .printed: "printed_bytes"
        case .out: "out_bytes"
        }
    }

    /// For people.
    public var title: String {
        switch self {
        case .wall: "wall time"
        case .cpu: "CPU time"
        case .memory: "memory peak"
        case .pids: "processes"
        case .ioRead: "I/O read"
        case .ioWrite: "I/O written"
        case .printed: "printed"
        case .out: "artifacts"
        }
    }

    /// True where a profile has a limit for it.
    public var hasLimit: Bool { self != .ioRead && self != .ioWrite }

    /// The verdict of a run that this limit ended; nil where none does. (A full /out is an error that the scanner meets, not an end.)
    public var verdictAtLimit: String? {
        switch self {
        case .wall: "timed_out"
        case .cpu: "cpu_exhausted"
        case .memory: "oom_killed"
        case .pids: "pids_exhausted"
        case .printed: "output_exceeded"
        case .out, .ioRead, .ioWrite: nil
        }
    }

    static func atLimit(_ verdict: String) -> AuditMetric? { allCases.first { $0.verdictAtLimit == verdict } }
}

/// One number for each metric; nil is what nobody reported.
struct MetricValues: Equatable {
    private var values: [8 of Int64] = .init(repeating: -1)

    subscript(_ metric: AuditMetric) -> Int64? {
        get { values[metric.rawValue] < 0 ? nil : values[metric.rawValue] }
        set { values[metric.rawValue] = newValue ?? -1 }
    }

    static func == (left: MetricValues, right: MetricValues) -> Bool {
        AuditMetric.allCases.allSatisfy { left[$0] == right[$0] }
    }
}
