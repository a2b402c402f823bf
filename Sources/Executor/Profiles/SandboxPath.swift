/// The fixed places inside every sandbox, and what a profile may say about paths there.
public enum SandboxPath {
    /// Where the scanned tree is, read-only.
    public static let target = "/src"
    /// Where the scanner leaves its report and other artifacts; bounded.
    public static let output = "/out"
    /// Scratch space, bounded, gone with the run.
    public static let temporary = "/tmp"

    /// True for `/a/b`: absolute, with no empty component, no `.` and no `..`, and not `/` itself.
    static func isNormalAbsolute(_ path: String) -> Bool {
        path.hasPrefix("/") && isNormalRelative(path.dropFirst())
    }

    /// True for `a/b`: no empty component, no `.` and no `..`.
    static func isNormalRelative(_ path: some StringProtocol) -> Bool {
        !path.isEmpty && path.utf8.count < 4096
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255
            }
    }

    static func isSameOrBelow(_ path: String, _ directory: String) -> Bool {
        path == directory || path.hasPrefix(directory + "/")
    }
}

/// A file or directory of the host that the scanner may read, besides the system's own programs and libraries.
public struct ReadOnlyPath: Sendable, Hashable {
    /// Where it is on the host.
    public var host: String
    /// Where the scanner sees it.
    public var sandbox: String

    /// Checks both ends. `/`, and whatever the kernel keeps its own files in, are not for showing to a scanner; and the places
    /// that the sandbox makes itself cannot be covered.
    init(host: String, sandbox: String) throws(ValueProblem) {
        for path in [host, sandbox] {
            if path == "/" {
                throw ValueProblem("/ would show the scanner the whole host; name the directory it needs")
            }
            if !SandboxPath.isNormalAbsolute(path) {
                throw ValueProblem("\(ValueProblem.quoted(path)) must be an absolute path without . or .. or a final /")
            }
            for refused in ["/proc", "/sys", "/dev"] where SandboxPath.isSameOrBelow(path, refused) {
                throw ValueProblem(
                    "\(ValueProblem.quoted(path)): \(refused) is the kernel's, and the sandbox has its own or none")
            }
        }
        for own in [SandboxPath.target, SandboxPath.output, SandboxPath.temporary]
        where SandboxPath.isSameOrBelow(sandbox, own) {
            throw ValueProblem(
                "\(ValueProblem.quoted(sandbox)) lies in the sandbox's own \(own); give it another place: {host: \(host), sandbox: /opt/name}"
            )
        }
        self.host = host
        self.sandbox = sandbox
    }
}
