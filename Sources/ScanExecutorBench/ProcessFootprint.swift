import Glibc
import SystemSupport

/// What this process holds of the kernel's.
struct ProcessFootprint {
    let residentBytes: Int
    let descriptors: Int
    let threads: Int
    let mounts: Int
    let cgroups: Int

    init(cgroupRoot: String) {
        let process = try? BeneathDirectory(path: "/proc/self")
        let pages = (try? process?.readText("statm"))?.flatMap {
            $0.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
        residentBytes = (pages ?? 0) * Int(sysconf(CInt(_SC_PAGESIZE)))
        descriptors = Self.count("/proc/self/fd")
        threads = Self.count("/proc/self/task")
        mounts = ((try? process?.readText("mountinfo")) ?? "")?.split(separator: "\n").count ?? 0
        var found = 0
        try? BeneathDirectory(path: cgroupRoot).walk(staysOnDevice: true) { entry in
            if entry.isDirectory { found += 1 }
            return true
        }
        cgroups = found
    }

    private static func count(_ path: String) -> Int { (try? BeneathDirectory(path: path).entryNames().count) ?? 0 }
}
