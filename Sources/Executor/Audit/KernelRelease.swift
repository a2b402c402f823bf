import Glibc

enum KernelRelease {
    /// uname(2), which no reboot can change under our feet; nil where it fails.
    static let current: String? = {
        var name = utsname()
        guard uname(&name) == 0 else { return nil }
        return withUnsafeBytes(of: &name.release) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }()
}
