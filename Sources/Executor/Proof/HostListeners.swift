import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport

/// Services of the host's own that no run may reach: TCP on the loopback interface, and an abstract Unix socket.
final class HostListeners: Sendable {
    let port: UInt16
    let name: String
    private let tcp: OwnedDescriptor
    private let local: OwnedDescriptor

    init(name: String) throws(SystemError) {
        self.name = name
        tcp = try Self.socket(AF_INET)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        // 127.0.0.1, any port.
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = tcp.raw
        try systemCall("listen on", "127.0.0.1") {
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    guard bind(number, address, size) == 0, listen(number, 8) == 0,
                        getsockname(number, address, &size) == 0
                    else { return -Int(errno) }
                    return 0
                }
            }
        }
        port = UInt16(bigEndian: address.sin_port)

        local = try Self.socket(AF_UNIX)
        var abstract = sockaddr_un()
        abstract.sun_family = sa_family_t(AF_UNIX)
        // unix(7): a name that begins with NUL, and is as long as the address says.
        let bytes = [0] + Array(name.utf8.prefix(100))
        withUnsafeMutableBytes(of: &abstract.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let other = local.raw
        try systemCall("listen on", "the abstract socket \(name)") {
            withUnsafePointer(to: &abstract) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(other, $0, length) == 0 && listen(other, 8) == 0 ? 0 : -Int(errno)
                }
            }
        }
    }

    private static func socket(_ family: CInt) throws(SystemError) -> OwnedDescriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return OwnedDescriptor(
            owning: CInt(
                try systemCall("open", "socket") {
                    let number = Glibc.socket(family, type, 0)
                    return number < 0 ? -Int(errno) : Int(number)
                }))
    }

    /// True where somebody connected since the last look. Takes every connection of both, so that none is held against the next run.
    func wereReached() -> Bool {
        var found = false
        for listener in [tcp.raw, local.raw] {
            while true {
                let connection = accept(listener, nil, nil)
                // A connection that was given up again was one too.
                let saved = errno
                if connection >= 0 { close(connection) } else if saved != ECONNABORTED && saved != EINTR { break }
                found = found || connection >= 0 || saved == ECONNABORTED
            }
        }
        return found
    }
}

/// A pseudo-terminal, as the one that the worker may have been started from. Nil where the host gives none.
final class HostTerminal: Sendable {
    private let master: OwnedDescriptor
    let slave: SharedDescriptor

    init?() {
        guard let master = try? OwnedDescriptor.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK) else { return nil }
        var lock: CInt = 0
        // TIOCSPTLCK and, from Linux 4.13, TIOCGPTPEER of <asm-generic/ioctls.h>: the slave without its path.
        guard ioctl(master.raw, 0x4004_5431, &lock) == 0 else { return nil }
        let number = ioctl(master.raw, 0x5441, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let slave = OwnedDescriptor(owning: number)
        self.master = master
        self.slave = SharedDescriptor(owning: slave)
    }

    /// True where something was typed into it since the last look: the terminal echoes to its master. Takes it all, so that it
    /// is not held against the next run.
    func wasTypedInto() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            var found = false
            while true {
                let count = read(master.raw, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return found }
                found = true
            }
        }
    }
}
