import CgroupV2
import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport

/// The tree to be scanned, opened once: what was checked is what is mounted.
struct ScanTarget: ~Copyable {
    let path: String
    private let descriptor: OwnedDescriptor
    private let owner: (uid: uid_t, gid: gid_t)
    private let mode: mode_t
    private let device: dev_t

    /// Opens `path` and checks that it is a directory itself, not a link to one.
    static func open(_ named: String) throws(ExecutorError) -> ScanTarget {
        // A final slash would have the kernel follow a link, O_NOFOLLOW or not: path_resolution(7).
        var path = named
        while path.count > 1 && (path.hasSuffix("/") || path.hasSuffix("/.")) { path.removeLast() }
        let descriptor: OwnedDescriptor
        do { descriptor = try OwnedDescriptor.open(path, .path | O_NOFOLLOW) } catch {
            let advice =
                error.errno == .noSuchFileOrDirectory
                ? "name a directory that exists" : "the target must be a directory that can be opened"
            throw ExecutorError(.target, error, advice)
        }
        var status = stat()
        guard fstat(descriptor.raw, &status) == 0 else {
            throw ExecutorError(
                .target, SystemError("look at", path, Errno(rawValue: errno)), "the target must be a directory")
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return ScanTarget(path, descriptor, status)
        case S_IFLNK:
            throw ExecutorError(.target, "target \(path) is a symbolic link; name the directory that it points to")
        default:
            throw ExecutorError(.target, "target \(path) is not a directory; name the directory that holds the sources")
        }
    }

    private init(_ path: String, _ descriptor: consuming OwnedDescriptor, _ status: stat) {
        self.path = path
        self.descriptor = descriptor
        owner = (status.st_uid, status.st_gid)
        mode = status.st_mode
        device = status.st_dev
    }

    /// The disk that holds the tree, for `io` limits; nil on file systems without one.
    var blockDevice: BlockDevice? {
        // major(3) and minor(3) of glibc, which are macros.
        let number = UInt64(device)
        let major = UInt32((number >> 8) & 0xfff | (number >> 32) & ~0xfff)
        let minor = UInt32(number & 0xff | (number >> 12) & ~0xff)
        if major == 0 { return nil }
        let base = "/sys/dev/block/\(major):\(minor)"
        // Limits are a whole disk's; a partition's directory lies in its disk's.
        guard let partition = try? BeneathDirectory(path: base), (try? partition.read("partition")) != nil,
            let disk = try? BeneathDirectory(path: "\(base)/.."), let text = try? disk.readText("dev")
        else { return BlockDevice(major: major, minor: minor) }
        return BlockDevice(parsing: text.split(separator: "\n").first ?? "")
    }

    /// The tree as a read-only mount that `uid` can read: as it is where everybody may, else with its owner seen as `uid`.
    func mount(for uid: uid_t, executable: Bool, launcher: Launcher) async throws -> DetachedMount {
        let attributes: DetachedMount.Attributes =
            executable ? [.readOnly, .noSetuid, .noDevices] : [.readOnly, .noSetuid, .noDevices, .noExecute]
        // A large tree takes its time.
        let survey = TreeSurvey(path: path, owner: owner, top: mode)
        let copy = try duplicate().release()
        let readers = try await blocking {
            let directory = BeneathDirectory(owning: OwnedDescriptor(owning: copy), path: survey.path)
            return Result { () throws(ExecutorError) in try survey.readers(of: directory) }
        }.get()
        if readers == .everybody {
            do { return try DetachedMount.bind(descriptor, named: path, attributes: attributes) } catch {
                throw ExecutorError(.target, error, "the target cannot be mounted into the sandbox")
            }
        }
        let map = try await launcher.identityMap(fromUser: owner.uid, group: owner.gid, toUser: uid, group: uid)
        do { return try DetachedMount.bind(descriptor, named: path, attributes: attributes, identities: map) } catch {
            throw ExecutorError(
                .target,
                "target \(path) has files that only their owner can read, and its file system cannot map owners (\(error.errno.symbol)); "
                    + "make them readable (chmod -R a+rX) or copy the tree to ext4, xfs or btrfs, "
                    + "or from Linux 6.3 to tmpfs",
                isTransient: error.errno.isPassing)
        }
    }

    private func duplicate() throws(ExecutorError) -> OwnedDescriptor {
        do { return try descriptor.duplicate() } catch {
            throw ExecutorError(.target, error, "the target cannot be read")
        }
    }
}
