/// The cgroup v2 controllers that limits of ours need (Documentation/admin-guide/cgroup-v2.rst, "Controllers").
public enum Controller: String, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    case cpu, cpuset, io, memory, pids

    public var description: String { rawValue }

    public static func < (left: Controller, right: Controller) -> Bool { left.rawValue < right.rawValue }

    /// The ones of ours in the text of cgroup.controllers or cgroup.subtree_control: names in one line. An empty file
    /// is a kernel's way to say none.
    static func parse(_ text: String) -> Set<Controller> {
        Set(
            KernelText.lines(of: text).flatMap { $0.split(separator: " ") }.compactMap {
                Controller(rawValue: String($0))
            })
    }
}
