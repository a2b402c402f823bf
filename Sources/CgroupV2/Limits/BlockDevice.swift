import Glibc
import SystemSupport

/// A block device by number, as io.max and io.stat name it: `8:16`.
public struct BlockDevice: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let major: UInt32
    public let minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Parses `MAJOR:MINOR` in plain decimal.
    public init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = KernelText.number(parts[0]), let minor = KernelText.number(parts[1]),
            let major = UInt32(exactly: major), let minor = UInt32(exactly: minor)
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// The device behind a node such as `/dev/sda`. Throws `invalidLimit` where the path is no block device.
    public init(node path: String) throws(CgroupError) {
        let information = try BlockDevice.status(of: path)
        guard information.st_mode & S_IFMT == S_IFBLK else {
            throw CgroupError(
                .invalidLimit, "find the block device", path,
                advice: "\(path) is no block device; name a disk such as /dev/sda")
        }
        self.init(number: UInt64(information.st_rdev))
    }

    /// The device number that stat(2) reports.
    private init(number: UInt64) {
        // makedev(3): the two numbers are interleaved in the 64 bits.
        major =
            UInt32(truncatingIfNeeded: (number >> 8) & 0xfff) | UInt32(truncatingIfNeeded: (number >> 32) & 0xffff_f000)
        minor = UInt32(truncatingIfNeeded: number & 0xff) | UInt32(truncatingIfNeeded: (number >> 12) & 0xffff_ff00)
    }

    private static func status(of path: String) throws(CgroupError) -> stat {
        try cgroupCall { () throws(SystemError) in
            var information = stat()
            try systemCall("stat", path) { fstatat(AT_FDCWD, path, &information, 0) == 0 ? 0 : -Int(errno) }
            return information
        }
    }

    public static func < (left: BlockDevice, right: BlockDevice) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    public var description: String { "\(major):\(minor)" }
}
