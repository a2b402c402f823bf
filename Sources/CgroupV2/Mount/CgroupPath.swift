/// Paths of cgroups as text: `/`, `/a/b`.
enum CgroupPath {
    /// What remains of `path` below `ancestor`, without a leading slash; empty for the same cgroup, nil for another
    /// place.
    static func below(_ path: String, _ ancestor: String) -> String? {
        let parts = path.split(separator: "/")
        let above = ancestor.split(separator: "/")
        return parts.starts(with: above) ? parts.dropFirst(above.count).joined(separator: "/") : nil
    }

    static func isWithin(_ path: String, _ ancestor: String) -> Bool { below(path, ancestor) != nil }

    static func joined(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }

    /// The directory above, and the last component; nil for `/` and for a relative name.
    static func split(_ path: String) -> (parent: String, name: String)? {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), let name = parts.last else { return nil }
        return ("/" + parts.dropLast().joined(separator: "/"), String(name))
    }
}
