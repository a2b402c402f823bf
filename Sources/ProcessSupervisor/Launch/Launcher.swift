import CLaunch
import CSystemSupport
import Glibc
import SystemPackage
public import SystemSupport

/// Turns a ``LaunchPlan`` into a running pid 1. One for the whole process: it owns the launching threads and pid 1's program.
public final class Launcher: Sendable {
    private let threads: LaunchThreads
    private let initProgram: InitProgram
    private let devNull: SharedDescriptor
    private let networks: NetworkNamespaces

    /// - Parameter threadCount: how many launches are under way at once; more wait. The kernel takes most of a launch's
    ///   time under global locks, so that more than a few gain nothing.
    /// - Parameter preparedNetworks: how many empty network namespaces are kept ready for launches. Worth it for a process
    ///   that makes many.
    public init(threadCount: Int = 2, preparedNetworks: Int = 0) throws(SystemError) {
        networks = try NetworkNamespaces(count: preparedNetworks)
        threads = try LaunchThreads(count: threadCount)
        initProgram = try InitProgram()
        devNull = SharedDescriptor(owning: try OwnedDescriptor.open("/dev/null", O_RDWR))
    }

    /// Launches on a thread of ours. `cgroup` is a leaf's directory, borrowed until `answer` is called: the child is born
    /// there. `answer` is called once, on that thread, when nothing of a failed launch is left.
    func launch(
        _ plan: LaunchPlan, cgroup: CInt?, answer: @escaping @Sendable (Result<LaunchedProcess, LaunchFailure>) -> Void
    ) {
        threads.submit { [self] thread in
            let result: Result<LaunchedProcess, LaunchFailure>
            // Opened when its turn comes: hundreds that wait need no descriptors.
            do throws(SystemError) {
                result = clone(plan, cgroup: cgroup, try Channels(), on: thread)
            } catch {
                result = .failure(LaunchFailure(preparing: error))
            }
            return { answer(result) }
        }
    }

    /// A child in `cgroup` that does nothing until it is ended: to look at where it was born.
    public func hold(in cgroup: CInt) async throws(SystemError) -> HeldProcess {
        try await hold(flags: 0, cgroup: cgroup)
    }

    /// A child that only waits, see `claunch_hold`.
    func hold(flags: UInt64, cgroup: CInt?) async throws(SystemError) -> HeldProcess {
        let pipe = try OwnedDescriptor.pipe()
        let release = SharedDescriptor(owning: pipe.writeEnd)
        let waiting = SharedDescriptor(owning: pipe.readEnd)
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<HeldProcess, SystemError>, Never>) in
            threads.submit { thread in
                var pidfd: CInt = -1
                var pid: pid_t = 0
                let error = claunch_hold(thread, flags, cgroup ?? -1, waiting.descriptor.raw, &pidfd, &pid)
                if error != 0 {
                    let failure = SystemError("clone", "a waiting child", Errno(rawValue: -error))
                    return { continuation.resume(returning: .failure(failure)) }
                }
                let held = HeldProcess(pid: pid, pidfd: OwnedDescriptor(owning: pidfd), release: release)
                return {
                    continuation.resume(returning: .success(held))
                    // Its stack is the thread's: the next launch must not begin before the child has ended.
                    held.waitForEnd()
                }
            }
        }
        return try result.get()
    }

    private func clone(
        _ plan: LaunchPlan, cgroup: CInt?, _ channels: Channels, on thread: OpaquePointer
    ) -> Result<LaunchedProcess, LaunchFailure> {
        let arguments = StringTable(plan.arguments)
        let environment = StringTable(plan.environment)
        let targets = StringTable(plan.mounts.map(\.target))
        let names = StringTable([plan.workingDirectory, plan.hostname ?? ""])
        var mounts = plan.mounts.map { claunch_mount(tree_fd: $0.mount.descriptor.raw, target: nil) }
        for index in mounts.indices { mounts[index].target = UnsafePointer(targets.pointers[index]) }
        let limits = plan.resourceLimits.map { claunch_rlimit(resource: $0.resource.rawValue, value: $0.value) }

        var flat = claunch_plan()
        flat.cgroup_fd = cgroup ?? -1
        flat.template_ns_fd = plan.root.namespace.raw
        flat.template_id = plan.root.id
        let network = plan.network == .host ? nil : networks.take()
        let makesNetwork = plan.network != .host && network == nil
        flat.namespaces = makesNetwork ? Self.namespaces | Self.networkNamespace : Self.namespaces
        flat.network_ns_fd = network?.descriptor.raw ?? -1
        flat.stdio_fds = (
            (plan.standardInput ?? devNull).descriptor.raw,
            plan.standardOutput?.descriptor.raw ?? channels.stdoutWriter,
            plan.standardError?.descriptor.raw ?? channels.stderrWriter
        )
        flat.status_fd = channels.statusWriter
        flat.init_fd = initProgram.descriptor.raw
        flat.landlock_fd = plan.landlock?.descriptor.raw ?? -1
        flat.proc = plan.mountsProc ? 1 : 0
        flat.loopback = plan.network == .loopback ? 1 : 0
        flat.hostname = plan.hostname == nil ? nil : UnsafePointer(names.pointers[1])
        flat.working_directory = UnsafePointer(names.pointers[0])
        flat.uid = plan.uid
        flat.gid = plan.gid
        flat.filter_listener = plan.filterNotifies ? 1 : 0
        flat.argv = arguments.pointers
        flat.envp = environment.pointers
        flat.fault_step = plan.fault?.step.rawValue ?? 0
        flat.fault_error = plan.fault?.errno.rawValue ?? 0

        var pidfd: CInt = -1
        var pid: pid_t = 0
        var failure = claunch_failure()
        let instructions = plan.filter?.instructions ?? []
        // So that `/dev/stdout` can be opened: a pipe belongs to whoever made it.
        for number in [flat.stdio_fds.1, flat.stdio_fds.2] {
            var status = stat()
            if fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFIFO { fchown(number, plan.uid, plan.gid) }
        }
        let bornAt = MonotonicTime.now
        let outcome = mounts.withUnsafeBufferPointer { mounts in
            limits.withUnsafeBufferPointer { limits in
                instructions.withUnsafeBufferPointer { instructions in
                    flat.mounts = mounts.baseAddress
                    flat.mount_count = mounts.count
                    flat.rlimits = limits.baseAddress
                    flat.rlimit_count = limits.count
                    flat.filter = plan.filter == nil ? nil : instructions.baseAddress
                    flat.filter_length = UInt16(instructions.count)
                    return claunch_launch(thread, &flat, &pidfd, &pid, &failure)
                }
            }
        }
        channels.closeWriters()
        // The pointers into them end here, and not before.
        withExtendedLifetime((plan, channels, network)) {}
        if outcome != 0 {
            channels.close()
            return .failure(Self.explain(failure, plan))
        }
        let handle = OwnedDescriptor(owning: pidfd)
        var listener: SharedDescriptor?
        if plan.filterNotifies {
            // Descriptor 5 of pid 1: see CLAUNCH_SPARE_FD.
            let number = csys_pidfd_getfd(pidfd, CInt(CLAUNCH_SPARE_FD))
            if number < 0 {
                // pid 1's end is that of its namespace; nobody else will wait for it.
                _ = csys_pidfd_send_signal(pidfd, SIGKILL)
                _ = waitForExit(pidfd)
                channels.close()
                return .failure(
                    LaunchFailure(step: "seccomp listener", index: 0, item: "", errno: Errno(rawValue: CInt(-number))))
            }
            listener = SharedDescriptor(owning: OwnedDescriptor(owning: CInt(number)))
        }
        return .success(
            LaunchedProcess(pid: pid, pidfd: handle, channels: channels, bornAt: bornAt, filterListener: listener))
    }

    private static func explain(_ failure: claunch_failure, _ plan: LaunchPlan) -> LaunchFailure {
        let index = Int(failure.index)
        let item =
            switch LaunchStep(rawValue: failure.step) {
            case .mount where plan.mounts.indices.contains(index): plan.mounts[index].target
            case .rlimit where plan.resourceLimits.indices.contains(index): "\(plan.resourceLimits[index].resource)"
            case .workingDirectory: plan.workingDirectory
            case .proc: "/proc"
            case .gid: "\(plan.gid)"
            case .uid: "\(plan.uid)"
            case .initProgram, .exec: plan.arguments.first ?? ""
            default: ""
            }
        return LaunchFailure(
            step: String(cString: claunch_step_name(failure.step)), index: index, item: item,
            errno: Errno(rawValue: failure.error))
    }

    /// CLONE_NEWNS, NEWUTS, NEWIPC, NEWPID, NEWNET: <linux/sched.h>. The cgroup namespace comes later, in the leaf.
    private static let networkNamespace: UInt64 = 0x4000_0000
    private static let namespaces: UInt64 = 0x0002_0000 | 0x0400_0000 | 0x0800_0000 | 0x2000_0000
}
