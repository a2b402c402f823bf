/// cpu.stat (Documentation/admin-guide/cgroup-v2.rst). The times are there without the cpu controller; the rest needs
/// it.
public struct CPUUsage: Sendable, Equatable {
    public var total: Duration?
    public var user: Duration?
    public var system: Duration?
    /// Enforcement periods of cpu.max in which something ran.
    public var periods: UInt64?
    /// Periods in which it was stopped for the rest.
    public var throttledPeriods: UInt64?
    /// How long it was stopped, summed over the processors.
    public var throttled: Duration?

    /// Reads the text of cpu.stat; what it lacks is nil.
    public init(parsing text: String) {
        let values = KernelText.flatKeyed(text)
        total = values["usage_usec"].flatMap(Duration.init(kernelMicroseconds:))
        user = values["user_usec"].flatMap(Duration.init(kernelMicroseconds:))
        system = values["system_usec"].flatMap(Duration.init(kernelMicroseconds:))
        periods = values["nr_periods"]
        throttledPeriods = values["nr_throttled"]
        throttled = values["throttled_usec"].flatMap(Duration.init(kernelMicroseconds:))
    }
}

extension Duration {
    /// Nil for what no clock reaches: more than 2^63 microseconds.
    init?(kernelMicroseconds value: UInt64) {
        guard let value = Int64(exactly: value) else { return nil }
        self = .microseconds(value)
    }
}
