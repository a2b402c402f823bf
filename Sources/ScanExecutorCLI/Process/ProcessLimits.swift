import Glibc
import SystemSupport

/// What the caller's own resource limits mean for us.
enum ProcessLimits {
    /// The runtime's threads and queues need a few, one run some forty.
    private static let fewestDescriptors: rlim_t = 64
    private static let usefulDescriptors: rlim_t = 4096

    /// Takes as many descriptors as the hard limit lets us have, up to a bound; throws where a run could not be made at all. The
    /// runtime ends with a trap when it gets none.
    static func prepare() throws {
        // A file that grows too long is an error of the write, not the end of whoever cleans up.
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let wanted = max(limit.rlim_cur, min(limit.rlim_max, usefulDescriptors))
        if wanted < fewestDescriptors {
            throw InputError(
                "\(wanted) open files are too few for a sandbox; raise the limit to \(fewestDescriptors): ulimit -n")
        }
        if wanted == limit.rlim_cur { return }
        limit.rlim_cur = wanted
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
