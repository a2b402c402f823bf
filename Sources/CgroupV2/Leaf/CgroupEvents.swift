import Glibc
import SystemSupport

/// cgroup.events: `populated` and `frozen`, with a wake-up at each change (Documentation/admin-guide/cgroup-v2.rst).
struct CgroupEvents: ~Copyable {
    private let file: OwnedDescriptor
    private let object: String

    /// Nil where the cgroup is gone.
    static func open(_ cgroup: borrowing CgroupDirectory) throws(CgroupError) -> CgroupEvents? {
        do {
            let file = try cgroup.files.open("cgroup.events", O_RDONLY)
            return CgroupEvents(file: file, object: "\(cgroup.path)/cgroup.events")
        } catch {
            if error.errno.rawValue == ENOENT || error.errno.rawValue == ENODEV { return nil }
            throw CgroupError(error)
        }
    }

    private init(file: consuming OwnedDescriptor, object: String) {
        self.file = file
        self.object = object
    }

    /// The value of `key`; nil where the cgroup is gone.
    borrowing func value(_ key: String) throws(CgroupError) -> UInt64? {
        do { return KernelText.flatKeyed(try ControlText.read(file, object: object))[key] } catch {
            if error.errno.rawValue == ENODEV { return nil }
            throw CgroupError(error)
        }
    }

    /// Blocks until `key` has `wanted` or the cgroup is gone (true), or until `bound` has passed (false).
    borrowing func wait(for key: String, toBe wanted: UInt64, within bound: Duration) throws(CgroupError) -> Bool {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: bound)
        while true {
            // Reading arms the wake-up: a change between this read and poll(2) makes poll return at once.
            guard let now = try value(key) else { return true }
            if now == wanted { return true }
            let left = clock.now.duration(to: end)
            if left <= .zero { return false }
            var entry = pollfd(fd: file.raw, events: Int16(POLLPRI), revents: 0)
            // Rounded up, or the last millisecond would be a busy loop.
            let milliseconds = CInt(clamping: left.wholeMilliseconds + 1)
            _ = try cgroupCall { () throws(SystemError) in
                try systemCall("poll", object) {
                    let result = poll(&entry, 1, milliseconds)
                    // EINTR ends this round only: the bound counts on.
                    return result < 0 && errno != EINTR ? -Int(errno) : 0
                }
            }
        }
    }
}
