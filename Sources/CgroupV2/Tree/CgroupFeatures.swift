import Glibc
import SystemSupport

/// What this kernel and this root offer: for `doctor`.
public struct CgroupFeatures: Sendable, Equatable {
    /// The controllers that the root has, whether enabled or not.
    public var offeredControllers: Set<Controller>
    /// The controllers that leaves get.
    public var enabledControllers: Set<Controller>
    /// cgroup.kill, since Linux 5.14.
    public var hasKill: Bool
    /// memory.peak, since Linux 5.19.
    public var hasMemoryPeak: Bool
    /// pids.peak, since Linux 6.1.
    public var hasPIDsPeak: Bool
    /// memory.swap.max: needs swap support in the kernel.
    public var hasSwapLimit: Bool
    /// Pressure files that can be read: CONFIG_PSI, not switched off by `psi=0`.
    public var hasPressure: Bool
    /// The attribute that takes leases; nil where neither does, and nothing could be reclaimed after a crash.
    public var leaseAttribute: LeaseAttribute?
}

extension CgroupTree {
    /// Looks at a cgroup made and removed for the purpose.
    public func features() throws(CgroupError) -> CgroupFeatures {
        let name = "probe-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try tasks.makeChild(name)
        do {
            let features = try probe(try tasks.child(name))
            try tasks.removeChild(name)
            return features
        } catch {
            try? tasks.removeChild(name)
            throw error
        }
    }

    private func probe(_ cgroup: borrowing CgroupDirectory) throws(CgroupError) -> CgroupFeatures {
        let lease = Lease(
            worker: WorkerIdentity(id: "probe", bootID: "probe", pid: getpid(), startTime: 0), task: "probe", attempt: 0
        )
        return CgroupFeatures(
            offeredControllers: Controller.parse(try root.text("cgroup.controllers") ?? ""),
            enabledControllers: availableControllers,
            // cgroup.kill is write-only: there is nothing to read in it.
            hasKill: (try? cgroup.files.open("cgroup.kill", O_WRONLY)) != nil,
            hasMemoryPeak: try cgroup.text("memory.peak") != nil, hasPIDsPeak: try cgroup.text("pids.peak") != nil,
            hasSwapLimit: try cgroup.text("memory.swap.max") != nil,
            hasPressure: try cgroup.text("cpu.pressure") != nil,
            leaseAttribute: try? cgroup.setLease(lease))
    }
}
