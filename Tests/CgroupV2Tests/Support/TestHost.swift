import Glibc
import SystemSupport
import Testing

@testable import CgroupV2

/// Where the tests may make cgroups, and what this side has: with controllers (unified hosts, User-mode Linux) or
/// without (hybrid hosts). What one side skips the other must run.
enum TestHost {
    /// SCAN_EXECUTOR_TEST_CGROUP_ROOT, or the top of the cgroup2 mount.
    static let base: String? = {
        let given = getenv("SCAN_EXECUTOR_TEST_CGROUP_ROOT").map { String(cString: $0) }
        guard let base = given ?? (try? CgroupMount.find())?.mountPoint, let directory = try? RootDirectory.open(base)
        else {
            return nil
        }
        _ = try? ControllerSetup.enable(Set(Controller.allCases), in: directory)
        return base
    }()

    static let hasRoot = geteuid() == 0 && base != nil

    static let controllers: Set<Controller> = {
        guard let base, let text = TestHost.text("\(base)/cgroup.subtree_control") else { return [] }
        return Controller.parse(text)
    }()

    static let hasControllers = controllers.isSuperset(of: [.cpu, .memory, .pids])

    static let hasPressure = text("/proc/pressure/cpu") != nil

    /// A whole disk that the tests may read: SCAN_EXECUTOR_TEST_BLOCK_DEVICE, or User-mode Linux's first.
    static let blockDevice: (path: String, device: BlockDevice)? = {
        let given = getenv("SCAN_EXECUTOR_TEST_BLOCK_DEVICE").map { String(cString: $0) }
        let path = given ?? "/dev/ubda"
        return (try? BlockDevice(node: path)).map { (path, $0) }
    }()

    static let canLimitIO = controllers.contains(.io) && blockDevice != nil

    static func text(_ path: String) -> String? {
        guard let file = try? OwnedDescriptor.open(path, O_RDONLY) else { return nil }
        return try? ControlText.read(file, object: path)
    }

    static func write(_ text: String, to path: String) throws {
        let (parent, name) = try #require(CgroupPath.split(path))
        try BeneathDirectory(path: parent).write(text, to: name)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

extension Trait where Self == ConditionTrait {
    static var needsRoot: Self { .enabled(if: TestHost.hasRoot, "makes cgroups: needs root and a cgroup2 mount") }
    static var needsControllers: Self {
        .enabled(if: TestHost.hasControllers, "needs cpu, memory and pids on the unified hierarchy")
    }
    static var needsNoControllers: Self {
        .enabled(if: !TestHost.hasControllers, "shows what a hybrid host without controllers does")
    }
}

/// All tests that make cgroups. One after the other: they count cgroups, and some kill what they started.
@Suite(.serialized, .needsRoot) struct KernelTests {}
