import CgroupV2
public import SystemSupport

/// What several scans may use together: all of the host's, or those of one type. The kernel holds them in the cgroup above the
/// scans' own. Nil: no cap.
public struct AggregateCaps: Sendable, Hashable {
    /// The raw value is the key in the configuration.
    public enum Key: String, Sendable, CaseIterable {
        case cpu, memory, swap, pids

        /// The limit of one run that the cap is a cap of.
        public var limit: LimitOverrides.Key {
            switch self {
            case .cpu: .cpu
            case .memory: .memory
            case .swap: .swap
            case .pids: .pids
            }
        }
    }

    /// `cpu`: cores (`cpu.max`).
    public var cpu: CPUCount?
    /// `memory` (`memory.max`). Beyond it the kernel kills in one of the scans; with `oom_group`, as is the default, all of that scan.
    public var memory: ByteCount?
    /// `swap` (`memory.swap.max`).
    public var swap: ByteCount?
    /// `pids`: processes and threads (`pids.max`).
    public var pids: Int?

    public init(cpu: CPUCount? = nil, memory: ByteCount? = nil, swap: ByteCount? = nil, pids: Int? = nil) {
        self.cpu = cpu
        self.memory = memory
        self.swap = swap
        self.pids = pids
    }

    public var isEmpty: Bool { self == AggregateCaps() }

    public func amount(_ key: Key) -> LimitAmount? {
        switch key {
        case .cpu: cpu.map { .cores($0) }
        case .memory: memory.map { .size($0) }
        case .swap: swap.map { .size($0) }
        case .pids: pids.map { .count($0) }
        }
    }

    /// The caps as a cgroup's limits. What has no cap is lifted: an earlier configuration's must not stay in force.
    var cgroup: CgroupLimits {
        CgroupLimits(
            cpu: cpu.map { .value($0) } ?? .max, memory: memory.map { .value($0) } ?? .max,
            swap: swap.map { .value($0) } ?? .max, pids: pids.flatMap { TaskCount($0) }.map { .value($0) } ?? .max)
    }
}

/// The caps of one host.
public struct HostCaps: Sendable, Hashable {
    /// All scans together.
    public var all: AggregateCaps
    /// The scans of one type together, by the type's name.
    public var types: [String: AggregateCaps]

    public init(all: AggregateCaps = AggregateCaps(), types: [String: AggregateCaps] = [:]) {
        self.all = all
        self.types = types
    }
}

/// Caps as the configuration states them, each with its line.
public struct StatedCaps: Sendable, Hashable {
    public var values = AggregateCaps()
    public var lines: [AggregateCaps.Key: Int] = [:]

    public init() {}
}

extension StatedCaps {
    /// Throws where a run without a profile asks for more than the cap of all runs.
    public func refuse(
        _ wanted: LimitOverrides, of subject: String, in file: String
    ) throws(ProfileError) {
        let found = AggregateCaps.Key.allCases.compactMap { key -> ProfileProblem? in
            guard let amount = wanted.amount(key.limit), let cap = values.amount(key), amount.exceeds(cap) else {
                return nil
            }
            let source = LimitSource.configuration(file: file, line: lines[key])
            return ProfileProblem(
                key: key.limit.option,
                "\(amount) is over the cap of all scans together, \(cap) (\(source)): ask for less")
        }
        if !found.isEmpty { throw ProfileError(.invalidLimit, subject, found) }
    }
}
