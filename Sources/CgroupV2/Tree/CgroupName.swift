/// A name for a cgroup directory: one component that no cgroup file will ever have.
enum CgroupName {
    /// Throws `invalidName` for what is empty, over 255 bytes, `.` or hidden by a leading dot, holds `/` or control
    /// characters, or begins like a kernel file.
    ///
    /// "`cgroup.`" and each controller's prefix are reserved: a leaf named `memory.max` could collide with the file of
    /// that name (Documentation/admin-guide/cgroup-v2.rst, "Avoid Name Collisions").
    static func check(_ name: String, what: String) throws(CgroupError) {
        func refuse(_ reason: String) -> CgroupError {
            CgroupError(
                .invalidName, "use as \(what)", quoted(name),
                advice: "\(reason); \(CgroupError.Code.invalidName.generalAdvice)")
        }
        if name.isEmpty { throw refuse("the name is empty") }
        if name.utf8.count > 255 { throw refuse("the name has \(name.utf8.count) bytes") }
        if name.utf8.first == UInt8(ascii: ".") { throw refuse("the name begins with a dot") }
        if name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7f }) {
            throw refuse("the name holds a slash or a control character")
        }
        if reservedPrefixes.contains(where: { name.hasPrefix($0) }) {
            throw refuse("names that begin like a kernel file are reserved")
        }
    }

    private static let reservedPrefixes = [
        "cgroup.", "cpu.", "cpuset.", "io.", "memory.", "pids.", "hugetlb.", "misc.", "rdma.", "irq.", "dmem.",
    ]

    /// Bounded, and with no control character that could upset a terminal or a log.
    private static func quoted(_ name: String) -> String {
        let shown = name.unicodeScalars.prefix(80).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : String($0) }
        return "\"" + shown.joined() + (name.unicodeScalars.count > 80 ? "…\"" : "\"")
    }
}
