import CgroupV2
import Glibc
import ProcessSupervisor
import SystemSupport

/// What a run's limits become: cgroup values, and resource limits where the host has no such controller.
struct LimitMapping {
    let limits: ScannerLimits
    let deadlines: Deadlines

    /// - Parameter targetDevice: the disk that `io: target` means.
    func cgroup(targetDevice: BlockDevice?) throws(ExecutorError) -> CgroupLimits {
        var result = CgroupLimits()
        result.cpu = .value(limits.cpu)
        result.cpuWeight = limits.cpuWeight.flatMap { CPUWeight($0) }
        result.memory = .value(limits.memory)
        result.memoryHigh = limits.memoryHigh.map { .value($0) }
        result.swap = .value(limits.swap)
        result.oomGroup = limits.oomGroup
        result.pids = TaskCount(limits.pids).map { .value($0) }
        result.cpus = limits.cpuset
        for limit in limits.io { result.io.append(try throttle(limit, targetDevice)) }
        return result
    }

    private func throttle(_ limit: IOLimit, _ targetDevice: BlockDevice?) throws(ExecutorError) -> CgroupV2.IOLimit {
        let device: BlockDevice
        switch limit.device {
        case .target:
            guard let targetDevice else {
                throw ExecutorError(
                    .enforcement,
                    "io limits name the target's disk, but the target lies on none (a network or memory file "
                        + "system); name a device such as /dev/sda, or leave io out")
            }
            device = targetDevice
        case .number(let major, let minor): device = BlockDevice(major: UInt32(major), minor: UInt32(minor))
        case .path(let path):
            do { device = try BlockDevice(node: path) } catch { throw ExecutorError(.enforcement, "\(error)") }
        }
        func rate(_ bytes: ByteCount?) -> Limit<ByteCount>? { bytes.map { .value($0) } }
        func rate(_ operations: Int?) -> Limit<OperationRate>? {
            operations.flatMap { OperationRate(perSecond: UInt32(clamping: $0)) }.map { .value($0) }
        }
        return CgroupV2.IOLimit(
            device: device, readBytes: rate(limit.readBytes), writeBytes: rate(limit.writeBytes),
            readOperations: rate(limit.readOperations), writeOperations: rate(limit.writeOperations))
    }

    /// The limits that hold with every kernel, and stand-ins for what `facts` says is missing.
    ///
    /// RLIMIT_DATA counts a process's private writable memory (Linux 4.7), touched or not. Runtimes such as OCaml's reserve more
    /// than they touch (semgrep 2 to 3 GiB, of which it uses a tenth), so it is set to twice the limit. RLIMIT_NPROC counts a
    /// uid's threads, and each run's uid is its own.
    func resources(missing facts: [LimitFact]) -> [LaunchPlan.ResourceLimit] {
        var result: [LaunchPlan.ResourceLimit] = [
            // 0 does not keep the kernel from starting the program of a core_pattern such as `|/usr/lib/systemd/systemd-coredump`, as
            // root, outside of the sandbox and its limits, to read the dump. 1 does (do_coredump() in fs/coredump.c), and allows
            // no file either: the least dump is a page.
            .init(.core, 1), .init(.openFiles, UInt64(limits.openFiles)), .init(.messageQueue, 0),
            .init(.lockedMemory, 64 << 10),
        ]
        if let size = limits.fileSize { result.append(.init(.fileSize, UInt64(size.bytes))) }
        let missing = Set(facts.missing.map(\.file))
        if missing.contains(.memoryMax) { result.append(.init(.data, 2 * UInt64(limits.memory.bytes))) }
        if missing.contains(.pidsMax) { result.append(.init(.processes, UInt64(limits.pids))) }
        return result
    }

    /// What holds each limit, and one sentence for each that is held by less than its cgroup.
    func enforcement(
        _ facts: [LimitFact], landlock: Bool, network: ScannerProfile.Network, logsRefusals: Bool
    ) -> Enforcement {
        var result = Enforcement()
        let missing = Dictionary(facts.missing.map { ($0.file, $0) }, uniquingKeysWith: { first, _ in first })
        func set(_ subject: Enforcement.Subject, _ file: LimitFile, standIn: Enforcement.Means, _ note: String) {
            guard missing[file] != nil else {
                result.means[subject] = .cgroup
                return
            }
            result.means[subject] = standIn
            result.notes[subject] = note
        }
        set(
            .cpu, .cpuMax, standIn: .none,
            "the cpu controller is not on this host's unified hierarchy; the run may use every core, only its CPU time is counted"
        )
        set(
            .memory, .memoryMax, standIn: .rlimit,
            "the memory controller is not on this host's unified hierarchy; each process may reserve twice \(limits.memory) "
                + "(RLIMIT_DATA), and nothing holds all of them together")
        set(
            .pids, .pidsMax, standIn: .rlimit,
            "the pids controller is not on this host's unified hierarchy; the run's uid is held to \(limits.pids) tasks (RLIMIT_NPROC)"
        )
        if limits.io.isEmpty {
            result.means[.io] = .notRequested
        } else {
            set(.io, .ioMax, standIn: .none, "the io controller is not on this host's unified hierarchy")
        }
        result.means[.seccomp] = logsRefusals ? Enforcement.Means.none : .kernel
        if logsRefusals { result.notes[.seccomp] = "refusals are counted and let through, as asked" }
        result.means[.landlock] = landlock ? .kernel : Enforcement.Means.none
        if !landlock { result.notes[.landlock] = "this kernel has no Landlock; mounts and namespaces hold without it" }
        result.means[.network] = network == .host ? .notRequested : .kernel
        return result
    }
}
