import Glibc
public import SystemSupport

/// What a soft landing needs to know of a run's memory.
extension CgroupLeaf {
    /// memory.events, open for reading: it has a priority event (POLLPRI) when one of its counters rose, at most every
    /// 10 ms; reading it with ``memoryEvents(in:)`` arms the next. Nil without the memory controller.
    public borrowing func openMemoryEvents() throws(CgroupError) -> OwnedDescriptor? {
        do { return try cgroup.files.open("memory.events", O_RDONLY) } catch {
            if error.errno.rawValue == ENOENT || error.errno.rawValue == ENODEV { return nil }
            throw CgroupError(error)
        }
    }

    /// Nil where the cgroup is gone.
    public static func memoryEvents(in file: borrowing OwnedDescriptor) -> MemoryEvents? {
        (try? ControlText.read(file, object: "memory.events")).map(MemoryEvents.init(parsing:))
    }

    /// The processes here and below, as this pid namespace numbers them.
    public borrowing func processIDs() throws(CgroupError) -> Set<pid_t> { try cgroup.processes() }
}
