/// io.stat: what went to and came from block devices (Documentation/admin-guide/cgroup-v2.rst).
public struct IOUsage: Sendable, Equatable {
    public var devices: [BlockDevice: Counters]

    public struct Counters: Sendable, Equatable {
        public var readBytes: UInt64 = 0
        public var writtenBytes: UInt64 = 0
        public var reads: UInt64 = 0
        public var writes: UInt64 = 0
        public var discardedBytes: UInt64 = 0
        public var discards: UInt64 = 0
    }

    /// The sum over all devices; saturates at 2^64-1.
    public var total: Counters {
        devices.values.reduce(into: Counters()) { sum, device in
            for field in IOUsage.fields.values {
                let (value, overflow) = sum[keyPath: field].addingReportingOverflow(device[keyPath: field])
                sum[keyPath: field] = overflow ? .max : value
            }
        }
    }

    /// Reads the text of io.stat. Lines that name no device, or lack bytes or operations, are left out: part of a line
    /// would read as zeros.
    public init(parsing text: String) {
        devices = [:]
        for (key, values) in KernelText.nestedKeyed(text) {
            guard let device = BlockDevice(parsing: key), devices[device] == nil else { continue }
            var counters = Counters()
            var found: Set<Substring> = []
            for (name, field) in IOUsage.fields {
                guard let value = values[name].flatMap({ KernelText.number($0) }) else { continue }
                counters[keyPath: field] = value
                found.insert(name)
            }
            if found.isSuperset(of: ["rbytes", "wbytes", "rios", "wios"]) { devices[device] = counters }
        }
    }

    private static var fields: [Substring: WritableKeyPath<Counters, UInt64>] {
        [
            "rbytes": \.readBytes, "wbytes": \.writtenBytes, "rios": \.reads, "wios": \.writes,
            "dbytes": \.discardedBytes, "dios": \.discards,
        ]
    }
}
