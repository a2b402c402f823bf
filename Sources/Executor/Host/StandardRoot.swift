import Glibc
import ProcessSupervisor

/// The root that every sandbox begins with: the system's programs and libraries, the CA bundle, and an `/etc` of its own.
struct StandardRoot {
    /// Every slot's uid has a name, so that programs which look themselves up do not fail.
    private let passwd: String
    private let group: String

    init(firstUID: uid_t, slotCount: Int) {
        let uids = (0..<slotCount).map { (name: "scan\($0)", uid: firstUID + uid_t($0)) }
        passwd =
            uids.map { "\($0.name):x:\($0.uid):\($0.uid)::/tmp:/bin/sh\n" }.joined() + "root:x:0:0::/root:/bin/sh\n"
        group = uids.map { "\($0.name):x:\($0.uid):\n" }.joined() + "root:x:0:\n"
    }

    /// What the system has at its root besides /usr: symlinks into it on merged systems, directories on others.
    private static let rootNames = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]
    /// Of the host's /etc: how the loader finds libraries, the CA certificates, the alternatives that /usr/bin points into,
    /// and the local time. Nothing that tells who uses the host.
    private static let etcPaths = [
        "/etc/alternatives", "/etc/ca-certificates", "/etc/ld.so.cache", "/etc/localtime", "/etc/perl", "/etc/pki/tls",
        "/etc/pki/ca-trust", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
    ]

    /// - Parameters:
    ///   - extra: the scanner's own.
    ///   - network: with the host's network come its resolver settings.
    func layout(extra: [RootLayout.Bind], network: LaunchPlan.Network) -> RootLayout {
        var layout = RootLayout(
            directories: ["/proc", SandboxPath.temporary, SandboxPath.output, SandboxPath.target, "/root", "/var/tmp"])
        layout.binds = [.init(source: "/usr", target: "/usr")]
        for name in Self.rootNames { add("/\(name)", to: &layout) }
        for path in Self.etcPaths where exists(path) { layout.binds.append(.init(source: path, target: path)) }
        if network == .host, exists("/etc/resolv.conf") {
            layout.binds.append(.init(source: "/etc/resolv.conf", target: "/etc/resolv.conf"))
        }
        layout.binds += extra
        layout.links += [
            .init(path: "/dev/fd", destination: "/proc/self/fd"),
            .init(path: "/dev/stdin", destination: "/proc/self/fd/0"),
            .init(path: "/dev/stdout", destination: "/proc/self/fd/1"),
            .init(path: "/dev/stderr", destination: "/proc/self/fd/2"),
            // POSIX shared memory and semaphores count against the quota of /tmp.
            .init(path: "/dev/shm", destination: SandboxPath.temporary),
        ]
        layout.files = [
            .init(path: "/etc/passwd", content: passwd), .init(path: "/etc/group", content: group),
            .init(path: "/etc/nsswitch.conf", content: "passwd: files\ngroup: files\nhosts: files dns\n"),
            .init(path: "/etc/hosts", content: "127.0.0.1 localhost\n::1 localhost\n"),
        ]
        return layout
    }

    private func add(_ path: String, to layout: inout RootLayout) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            layout.binds.append(.init(source: path, target: path))
        } else if status.st_mode & S_IFMT == S_IFLNK {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBufferPointer { buffer in
                buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }
            }
            if count > 0 {
                layout.links.append(.init(path: path, destination: String(decoding: buffer[..<count], as: UTF8.self)))
            }
        }
    }

    private func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }
}
