import CLaunch
import CSystemSupport
import Glibc
import SystemSupport

/// The sandbox's pid 1 as a file to execute: a sealed memfd, so that no path leads to it and nothing can change it, which
/// the program's uid may execute but not read. The kernel therefore makes pid 1 non-dumpable: it cannot be traced and its
/// /proc files belong to root.
final class InitProgram: Sendable {
    let descriptor: OwnedDescriptor

    init() throws(SystemError) {
        var image = [UInt8](repeating: 0, count: 64 << 10)
        let size = claunch_init_image(&image, image.count)
        precondition(size > 0, "pid 1 is a few pages")

        let writable = OwnedDescriptor(
            owning: CInt(try systemCall("create", "memfd for pid 1") { csys_memfd_create("scan-init", 1) }))
        let number = writable.raw
        let written = try systemCall("write", "memfd for pid 1") {
            let count = write(number, image, size)
            return count < 0 ? -Int(errno) : count
        }
        precondition(written == size, "a write to memory is whole")
        try systemCall("chmod 0111", "memfd for pid 1") { fchmod(number, 0o111) == 0 ? 0 : -Int(errno) }
        try systemCall("seal", "memfd for pid 1") { csys_memfd_seal(number) }
        // A file that is open for writing cannot be executed (ETXTBSY), so only the second descriptor stays.
        descriptor = try OwnedDescriptor.open("/proc/self/fd/\(number)", .path)
    }
}
