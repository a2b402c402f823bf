import CSystemSupport
import SystemPackage
public import SystemSupport

/// A Landlock ruleset, ready for the child to restrict itself with: Documentation/userspace-api/landlock.rst.
///
/// It says again, in a second mechanism, what the mounts and namespaces say: no write outside the given directories, no TCP,
/// no abstract socket and no signal across the sandbox.
public final class LandlockRuleset: Sendable {
    let descriptor: OwnedDescriptor

    /// The kernel's ABI version, or nil where there is no Landlock or it is switched off.
    public static var abi: Int? {
        let version = csys_landlock_abi()
        return version > 0 ? version : nil
    }

    /// - Parameters:
    ///   - abi: what ``abi`` gave.
    ///   - readable: directories below which all may be read and executed.
    ///   - devices: directories below which device files may be read and written.
    ///   - writable: directories below which everything is allowed but making devices.
    ///   - allowsTCP: false forbids bind(2) and connect(2) of TCP (ABI 4).
    public init(
        abi: Int, readable: borrowing OwnedDescriptor, devices: borrowing OwnedDescriptor, writable: [DetachedMount],
        allowsTCP: Bool
    ) throws(SystemError) {
        let handled = Access.handled(abi: abi)
        var request = csys_landlock_ruleset(
            handled_access_fs: handled.rawValue,
            handled_access_net: abi >= 4 && !allowsTCP ? 0b11 : 0,
            scoped: abi >= 6 ? 0b11 : 0)
        let size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8
        let ruleset = try systemCall("create", "Landlock ruleset") { csys_landlock_create(&request, size) }
        descriptor = OwnedDescriptor(owning: CInt(ruleset))
        try allow(Access.read.intersection(handled), below: readable.raw, "the root")
        try allow(Access.device.intersection(handled), below: devices.raw, "/dev")
        for mount in writable {
            try allow(Access.write.intersection(handled), below: mount.descriptor.raw, "a writable mount")
        }
    }

    private func allow(_ access: Access, below directory: CInt, _ name: String) throws(SystemError) {
        try systemCall("allow in Landlock", name) {
            csys_landlock_allow_beneath(descriptor.raw, directory, access.rawValue)
        }
    }

    /// LANDLOCK_ACCESS_FS_*.
    private struct Access: OptionSet {
        let rawValue: UInt64
        static let execute = Access(rawValue: 1 << 0)
        static let writeFile = Access(rawValue: 1 << 1)
        static let readFile = Access(rawValue: 1 << 2)
        static let readDirectory = Access(rawValue: 1 << 3)
        static let makeCharacterDevice = Access(rawValue: 1 << 6)
        static let makeBlockDevice = Access(rawValue: 1 << 11)
        static let truncate = Access(rawValue: 1 << 14)
        static let ioctlDevice = Access(rawValue: 1 << 15)

        static let read: Access = [.execute, .readFile, .readDirectory]
        static let device: Access = [.readFile, .readDirectory, .writeFile, .truncate, .ioctlDevice]
        static let write = Access(rawValue: (1 << 15) - 1).subtracting([.makeCharacterDevice, .makeBlockDevice])

        /// All that the ABI can forbid: 13 rights in the first, then refer, truncate and (5) ioctl on devices.
        static func handled(abi: Int) -> Access {
            let bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13
            return Access(rawValue: (1 << bits) - 1)
        }
    }
}
