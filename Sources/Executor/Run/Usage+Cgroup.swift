import CgroupV2
import SystemSupport

extension Usage {
    /// Takes over the last readings of a run's cgroup.
    mutating func fill(from usage: CgroupUsage) {
        cpuUserMicroseconds = usage.cpu?.user?.wholeMicroseconds
        cpuSystemMicroseconds = usage.cpu?.system?.wholeMicroseconds
        throttledMicroseconds = usage.cpu?.throttled?.wholeMicroseconds
        memoryPeakBytes = usage.memory?.peak?.bytes
        oomKills = usage.memory?.events?.oomKill.map { Int64(clamping: $0) }
        pidsPeak = usage.pids?.peak.map { Int64(clamping: $0) }
        ioReadBytes = usage.io.map { Int64(clamping: $0.total.readBytes) }
        ioWriteBytes = usage.io.map { Int64(clamping: $0.total.writtenBytes) }
        func stall(_ pressure: CgroupV2.Pressure?) -> Usage.Pressure.Stall? {
            pressure.map {
                .init(
                    someMicroseconds: $0.some?.total.wholeMicroseconds,
                    fullMicroseconds: $0.full?.total.wholeMicroseconds)
            }
        }
        pressure = Usage.Pressure(
            cpu: stall(usage.cpuPressure), memory: stall(usage.memoryPressure), io: stall(usage.ioPressure))
    }
}
