import Glibc
import SystemSupport

/// Removes a cgroup with whatever somebody made below it.
enum SubtreeRemoval {
    /// Cgroups below a leaf come from a confused tool, not from us; this deep they are an attack on our descriptors.
    static let deepest = 64

    /// Kills, waits and removes until `name` is gone or `bound` has passed. True when it is gone.
    ///
    /// rmdir comes first: after an orderly end it is all there is to do.
    static func remove(
        _ name: String, opened cgroup: borrowing CgroupDirectory, from parent: borrowing CgroupDirectory,
        within bound: Duration
    ) throws(CgroupError) -> Bool {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: bound)
        // The rounds are for processes and cgroups that appear meanwhile; the wait in each makes them no busy loop.
        for _ in 0..<8 {
            do {
                try parent.removeChild(name)
                return true
            } catch {
                if error.code != .occupied { throw error }
            }
            guard let events = try CgroupEvents.open(cgroup) else { return true }
            if try events.value("populated") != 0 {
                try cgroup.kill(.automatic)
                let left = clock.now.duration(to: end)
                if try !events.wait(for: "populated", toBe: 0, within: left) { return false }
            }
            try removeBelow(cgroup, depth: 0)
        }
        return false
    }

    /// Kills and waits, and removes what is below, but not the cgroup itself. True when it is empty.
    static func empty(_ cgroup: borrowing CgroupDirectory, within bound: Duration) throws(CgroupError) -> Bool {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: bound)
        for _ in 0..<8 {
            guard let events = try CgroupEvents.open(cgroup) else { return true }
            if try events.value("populated") ?? 0 != 0 {
                try cgroup.kill(.automatic)
                let left = clock.now.duration(to: end)
                if try !events.wait(for: "populated", toBe: 0, within: left) { return false }
            }
            if try cgroup.childNames().isEmpty { return true }
            try removeBelow(cgroup, depth: 0)
        }
        return try cgroup.childNames().isEmpty
    }

    private static func removeBelow(_ cgroup: borrowing CgroupDirectory, depth: Int) throws(CgroupError) {
        for name in try cgroup.childNames() {
            do { try cgroup.removeChild(name) } catch {
                if error.code != .occupied || depth == deepest { continue }
                if let child = try cgroup.childIfPresent(name) {
                    try removeBelow(child, depth: depth + 1)
                    try? cgroup.removeChild(name)
                }
            }
        }
    }
}
