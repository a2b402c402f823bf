import SystemSupport
import Yams

/// The values of a file's keys, each with the line that it stands in.
public struct StatedLimits: Sendable, Hashable {
    public var values = LimitOverrides()
    /// By the key's place, such as `limits.memory`; what is not here was not stated.
    public var lines: [String: Int] = [:]

    public init() {}
}

/// A value that bounds what a limit may be, and the line it stands in.
public struct StatedAmount: Sendable, Hashable {
    public var amount: LimitAmount
    public var line: Int?

    public init(_ amount: LimitAmount, line: Int? = nil) {
        self.amount = amount
        self.line = line
    }
}

/// Reads the mappings `limits`, `deadlines`, `minimum` and `maximum`, which profiles and the configuration have in common.
struct LimitReader {
    static let limitKeys = LimitOverrides.Key.allCases.filter { !$0.isDeadline }
    /// The keys below `limits`.
    static let limitNames = limitKeys.map(\.rawValue) + ["oom_group", "io"]
    /// The keys below `deadlines`, each with its limit.
    static let deadlineKeys: [(name: String, key: LimitOverrides.Key)] = [
        ("wall", .wall), ("cpu", .cpuTime), ("grace", .grace),
    ]

    let limits: MappingReader?
    let deadlines: MappingReader?

    /// - Parameter examples: the keys that must be there, each with what one could write.
    func read(required examples: [LimitOverrides.Key: String] = [:]) -> StatedLimits {
        var stated = StatedLimits()
        for key in Self.limitKeys {
            if let limits { read(key, key.rawValue, limits, examples[key], &stated) }
        }
        for (name, key) in Self.deadlineKeys {
            if let deadlines { read(key, name, deadlines, examples[key], &stated) }
        }
        guard let limits else { return stated }
        if limits.has("oom_group"), let text = limits.text("oom_group") {
            stated.values.oomGroup = limits.convert("oom_group") { () throws(ValueProblem) in
                try LimitValues.flag(text)
            }
            stated.lines["limits.oom_group"] = limits.line(of: "oom_group")
        }
        if limits.has("io") {
            stated.values.io = LimitReader.io(limits)
            stated.lines["limits.io"] = limits.line(of: "io")
        }
        return stated
    }

    private func read(
        _ key: LimitOverrides.Key, _ name: String, _ reader: MappingReader, _ example: String?,
        _ stated: inout StatedLimits
    ) {
        guard reader.has(name) || example != nil, let text = reader.text(name, required: example) else { return }
        _ = reader.convert(name) { () throws(ValueProblem) in try stated.values.set(key, to: text) }
        stated.lines[key.path] = reader.line(of: name)
    }

    /// Notes limits that contradict each other, where they stand.
    func note(_ contradictions: [(key: LimitOverrides.Key, message: String)]) {
        for (key, message) in contradictions { (key.isDeadline ? deadlines : limits)?.note(key.rawValue, message) }
    }

    /// `minimum` or `maximum`: one flat mapping of limits and deadlines, in which the CPU deadline is `cpu_time`.
    static func bounds(_ name: String, _ reader: MappingReader) -> [LimitOverrides.Key: StatedAmount] {
        let keys = LimitOverrides.Key.allCases.filter(\.canBeBounded)
        guard let bounds = reader.mapping(name, known: keys.map(\.rawValue)) else { return [:] }
        var found: [LimitOverrides.Key: StatedAmount] = [:]
        for key in keys where bounds.has(key.rawValue) {
            guard let text = bounds.text(key.rawValue) else { continue }
            var value = LimitOverrides()
            _ = bounds.convert(key.rawValue) { () throws(ValueProblem) in try value.set(key, to: text) }
            if let amount = value.amount(key) {
                found[key] = StatedAmount(amount, line: bounds.line(of: key.rawValue))
            }
        }
        return found
    }

    /// `io` is one mapping, or a list of them with a device each.
    private static func io(_ limits: MappingReader) -> [IOLimit] {
        guard let node = limits.node("io") else { return [] }
        let entries = node.sequence.map { Array($0) } ?? [node]
        var found: [IOLimit] = []
        for entry in entries {
            guard
                let reader = MappingReader(
                    entry, at: limits.path("io"),
                    known: ["device", "read", "write", "read_operations", "write_operations"],
                    problems: limits.problems)
            else { continue }
            var limit = IOLimit()
            if let text = reader.has("device") ? reader.text("device") : nil {
                limit.device =
                    reader.convert("device") { () throws(ValueProblem) in try IOLimit.Device(parsing: text) } ?? .target
            }
            let bytes = { (key: String) -> ByteCount? in
                guard reader.has(key), let text = reader.text(key) else { return nil }
                return reader.convert(key) { () throws(ValueProblem) in try LimitValues.byteRate(text) }
            }
            let operations = { (key: String) -> Int? in
                guard reader.has(key), let text = reader.text(key) else { return nil }
                return reader.convert(key) { () throws(ValueProblem) in try LimitValues.operationRate(text) }
            }
            (limit.readBytes, limit.writeBytes) = (bytes("read"), bytes("write"))
            (limit.readOperations, limit.writeOperations) = (
                operations("read_operations"), operations("write_operations")
            )
            if limit == IOLimit(device: limit.device) {
                limits.note(
                    "io", "limits nothing; give read, write, read_operations or write_operations",
                    line: entry.mark?.line)
            }
            if found.contains(where: { $0.device == limit.device }) {
                limits.note("io", "device \(limit.device) is given more than once", line: entry.mark?.line)
            }
            found.append(limit)
        }
        return found
    }
}
