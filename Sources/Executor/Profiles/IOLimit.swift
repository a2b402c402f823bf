public import SystemSupport

/// Throttling of one block device, as `io.max` does it. Reads from the page cache are free; what is not named is not limited.
public struct IOLimit: Sendable, Hashable {
    /// The device that is meant.
    public enum Device: Sendable, Hashable, CustomStringConvertible {
        /// The one that holds the scanned tree.
        case target
        /// By number, `8:16`.
        case number(major: Int, minor: Int)
        /// By name, `/dev/nvme0n1`.
        case path(String)

        public var description: String {
            switch self {
            case .target: "target"
            case .number(let major, let minor): "\(major):\(minor)"
            case .path(let path): path
            }
        }
    }

    public var device: Device
    /// Bytes a second (`rbps`).
    public var readBytes: ByteCount?
    /// Bytes a second (`wbps`).
    public var writeBytes: ByteCount?
    /// Operations a second (`riops`).
    public var readOperations: Int?
    /// Operations a second (`wiops`).
    public var writeOperations: Int?

    public init(
        device: Device = .target, readBytes: ByteCount? = nil, writeBytes: ByteCount? = nil, readOperations: Int? = nil,
        writeOperations: Int? = nil
    ) {
        self.device = device
        self.readBytes = readBytes
        self.writeBytes = writeBytes
        self.readOperations = readOperations
        self.writeOperations = writeOperations
    }
}

extension IOLimit.Device {
    init(parsing text: String) throws(ValueProblem) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if text == "target" {
            self = .target
        } else if parts.count == 2, let major = DecimalText.scaled(parts[0], by: 1),
            let minor = DecimalText.scaled(parts[1], by: 1),
            major < 4096, minor < 1 << 20
        {
            self = .number(major: Int(major), minor: Int(minor))
        } else if text.hasPrefix("/dev/") && SandboxPath.isNormalAbsolute(text) {
            self = .path(text)
        } else {
            throw ValueProblem("\(ValueProblem.quoted(text)) is not a device: write target, 8:16 or /dev/sda")
        }
    }
}
