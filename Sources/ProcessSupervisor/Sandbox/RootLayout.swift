/// What a sandbox sees below `/` besides its own mounts: a small read-only tmpfs with read-only binds of the host.
///
/// Absolute paths without `.` or `..`. Later entries may lie below earlier ones.
public struct RootLayout: Sendable, Hashable {
    /// A file or directory of the host, with everything mounted below it, read-only, no set-user-ID, no devices.
    public struct Bind: Sendable, Hashable {
        public var source: String
        public var target: String
        public init(source: String, target: String) {
            self.source = source
            self.target = target
        }
    }

    /// A symbolic link: `path` points to `destination`.
    public struct Link: Sendable, Hashable {
        public var path: String
        public var destination: String
        public init(path: String, destination: String) {
            self.path = path
            self.destination = destination
        }
    }

    /// A small file of its own, mode 0444.
    public struct File: Sendable, Hashable {
        public var path: String
        public var content: String
        public init(path: String, content: String) {
            self.path = path
            self.content = content
        }
    }

    /// A character device in `/dev`, mode 0666.
    public struct Device: Sendable, Hashable {
        public var name: String
        public var major: UInt32
        public var minor: UInt32

        /// null, zero, full, random and urandom: Documentation/admin-guide/devices.txt.
        public static let minimal: [Device] = [
            Device(name: "null", major: 1, minor: 3), Device(name: "zero", major: 1, minor: 5),
            Device(name: "full", major: 1, minor: 7), Device(name: "random", major: 1, minor: 8),
            Device(name: "urandom", major: 1, minor: 9),
        ]
    }

    public var directories: [String]
    public var binds: [Bind]
    public var links: [Link]
    public var files: [File]
    public var devices: [Device]

    public init(
        directories: [String] = [], binds: [Bind] = [], links: [Link] = [], files: [File] = [],
        devices: [Device] = Device.minimal
    ) {
        self.directories = directories
        self.binds = binds
        self.links = links
        self.files = files
        self.devices = devices
    }
}
