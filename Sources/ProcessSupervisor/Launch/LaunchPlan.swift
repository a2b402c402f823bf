import Glibc
public import SystemPackage
public import SystemSupport

/// Everything about one sandboxed process, decided before it is born.
public struct LaunchPlan: Sendable {
    /// A detached mount and where it goes, below an existing directory of the root.
    public struct Mount: Sendable {
        public var mount: DetachedMount
        public var target: String
        public init(_ mount: DetachedMount, at target: String) {
            self.mount = mount
            self.target = target
        }
    }

    /// setrlimit(2), soft and hard alike.
    public struct ResourceLimit: Sendable, Hashable {
        public enum Resource: CInt, Sendable, Hashable {
            case cpuSeconds = 0
            case fileSize = 1
            case data = 2
            case stack = 3
            case core = 4
            case processes = 6
            case openFiles = 7
            case lockedMemory = 8
            case addressSpace = 9
            case pendingSignals = 11
            case messageQueue = 12
        }
        public var resource: Resource
        public var value: UInt64
        public init(_ resource: Resource, _ value: UInt64) {
            self.resource = resource
            self.value = value
        }
    }

    /// What the sandbox shares with the host's network.
    public enum Network: Sendable, Hashable {
        /// A network namespace in which nothing is up.
        case none
        /// A network namespace with its own loopback interface up.
        case loopback
        /// The host's.
        case host
    }

    public var root: RootTemplate
    /// The program's path in the sandbox, absolute, and its arguments; `arguments[0]` is the program itself.
    public var arguments: [String]
    /// `NAME=value` strings; nothing is inherited.
    public var environment: [String]
    public var workingDirectory: String
    public var hostname: String?
    public var mounts: [Mount]
    /// A private /proc that shows the sandbox's processes and nothing else (`subset=pid`).
    public var mountsProc: Bool
    public var network: Network
    public var uid: uid_t
    public var gid: gid_t
    public var resourceLimits: [ResourceLimit]
    public var landlock: LandlockRuleset?
    public var filter: FilterProgram?
    /// The filter has notifying rules: their listener comes back with the launched process.
    public var filterNotifies: Bool
    /// Descriptor 0. Nil: /dev/null.
    public var standardInput: SharedDescriptor?
    /// Descriptors 1 and 2. Nil: pipes of the supervisor's, which keeps head and tail; what goes elsewhere it does not see.
    public var standardOutput: SharedDescriptor?
    public var standardError: SharedDescriptor?
    /// For tests: the step that fails, and how.
    public var fault: (step: LaunchStep, errno: Errno)?

    public init(root: RootTemplate, arguments: [String], environment: [String], uid: uid_t, gid: gid_t) {
        self.root = root
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = "/"
        self.mounts = []
        self.mountsProc = true
        self.network = .none
        self.uid = uid
        self.gid = gid
        // Not 0, which a core_pattern that is a pipe does not heed: core(5).
        self.resourceLimits = [ResourceLimit(.core, 1)]
        self.filterNotifies = false
    }
}

/// A descriptor with several users: closed when the last lets go.
public final class SharedDescriptor: Sendable {
    public let descriptor: OwnedDescriptor
    public init(owning descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}
