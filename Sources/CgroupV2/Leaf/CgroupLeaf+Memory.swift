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

    /// memory.high out of force, memory.max still in it: whoever is held back there, for up to two seconds at every few
    /// pages, could not even end in peace (mem_cgroup_handle_over_high() in mm/memcontrol.c).
    public borrowing func liftMemoryHigh() throws(CgroupError) { try cgroup.write("max", to: "memory.high") }

    /// The processes here and below, as this pid namespace numbers them.
    public borrowing func processIDs() throws(CgroupError) -> Set<pid_t> { try cgroup.processes() }
}
