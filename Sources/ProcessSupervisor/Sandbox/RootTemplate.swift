import CSystemSupport
import Glibc
import Synchronization
import SystemPackage
public import SystemSupport

/// A root that is built once and copied for every sandbox: a mount namespace in which there is nothing but a
/// ``RootLayout``.
///
/// A launching thread lives in it, so that the new mount namespace of a child begins as a copy of these few mounts. The
/// host's mounts are never in a sandbox, not even for a moment; there is no old root to pivot away from; and the copy costs
/// a few microseconds instead of one mount(2) a path.
public final class RootTemplate: Sendable {
    /// Another for every template of this process, never 0.
    let id: UInt64
    let namespace: OwnedDescriptor
    /// The template's `/`, to look paths up as the sandbox will see them.
    public let root: OwnedDescriptor
    public let layout: RootLayout
    /// What each bind's source was.
    private let sources: [FileIdentity?]

    private static let lastID = Atomic<UInt64>(0)

    /// Builds it on a thread of its own, which ends in that namespace. Needs CAP_SYS_ADMIN and CAP_MKNOD.
    public init(_ layout: RootLayout) throws(SystemError) {
        let built = try SystemThread.runApart("root-template") {
            Result { () throws(SystemError) in try Self.build(layout) }
        }
        let numbers = try built.get()
        namespace = OwnedDescriptor(owning: numbers.namespace)
        root = OwnedDescriptor(owning: numbers.root)
        sources = numbers.sources
        self.layout = layout
        id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Whether every bind still shows what its source leads to; false once somebody has put another file there.
    public var isCurrent: Bool {
        zip(layout.binds, sources).allSatisfy { FileIdentity(path: $0.source) == $1 }
    }

    private static func build(
        _ layout: RootLayout
    ) throws(SystemError) -> (namespace: CInt, root: CInt, sources: [FileIdentity?]) {
        try systemCall("unshare", "mount namespace") { csys_unshare_mounts() }
        try systemCall("make private", "mounts of the new namespace") { csys_make_mounts_private() }
        let namespace = try OwnedDescriptor.open("/proc/thread-self/ns/mnt", O_RDONLY)

        // The binds are taken while the host's paths can still be seen.
        var binds: [(mount: DetachedMount, bind: RootLayout.Bind)] = []
        for bind in layout.binds {
            let mount = try DetachedMount.bind(bind.source, attributes: [.readOnly, .noSetuid, .noDevices])
            binds.append((mount, bind))
        }
        let sources = binds.map { FileIdentity($0.mount.descriptor.raw) }

        let root = try DetachedMount.tmpfs(
            options: [("size", "4194304"), ("nr_inodes", "4096"), ("mode", "0755")], attributes: .noSetuid)
        let number = root.descriptor.raw
        try systemCall("mount", "root of the sandbox") {
            csys_move_mount(number, "", AT_FDCWD, "/", UInt32(CSYS_MOVE_FROM_EMPTY_PATH))
        }
        try systemCall("enter", "root of the sandbox") { fchdir(number) == 0 ? 0 : -Int(errno) }
        try systemCall("pivot to", "root of the sandbox") { csys_pivot_here() }

        let writer = RootWriter()
        for directory in layout.directories { try writer.makeDirectory(directory) }
        for link in layout.links { try writer.makeLink(link) }
        for file in layout.files { try writer.makeFile(file.path, file.content) }
        for device in layout.devices { try writer.makeDevice(device) }
        for (mount, bind) in binds { try writer.attach(mount, bind) }
        try systemCall("make read-only", "root of the sandbox") {
            csys_mount_setattr(AT_FDCWD, "/", 0, UInt64(CSYS_MOUNT_READ_ONLY), 0, 0, 0)
        }
        let handle = try OwnedDescriptor.open("/", .path | O_DIRECTORY)
        return (namespace.release(), handle.release(), sources)
    }
}
