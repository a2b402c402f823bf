import CSystemSupport
import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport

/// A small tmpfs of the prover's own, on which programs and their rights count whatever the mount around it forbids.
///
/// A state directory below /run is often on a mount with noexec and nosuid: there an attack would fail, or be held, because of
/// that mount and not because of the sandbox.
struct PlantedMount: Sendable {
    let path: String

    /// - Parameter path: a directory that is made for it.
    init(_ path: String) throws(SystemError) {
        self.path = path
        try systemCall("make directory", path) { mkdir(path, 0o700) == 0 ? 0 : -Int(errno) }
        let mount = try DetachedMount.tmpfs(
            size: .mebibytes(64), inodes: 16, uid: geteuid(), gid: getegid(), attributes: .noDevices)
        try systemCall("mount tmpfs on", path) {
            csys_move_mount(mount.descriptor.raw, "", AT_FDCWD, path, UInt32(CSYS_MOVE_FROM_EMPTY_PATH))
        }
    }

    func remove() { Self.remove(path) }

    /// What a killed prover left too; does nothing where there is none.
    static func remove(_ path: String) {
        while umount2(path, CInt(MNT_DETACH | UMOUNT_NOFOLLOW)) == 0 {}
        rmdir(path)
    }
}
