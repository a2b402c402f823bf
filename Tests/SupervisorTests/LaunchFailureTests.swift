import CgroupV2
import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport
import Testing

@Suite(.serialized) struct LaunchFailureTests {
    let sandbox: SandboxFixture
    init() throws { sandbox = try SandboxFixture.shared.get() }

    @Test(arguments: LaunchStep.allCases.filter { ![.exec, .networkNamespace, .landlock].contains($0) })
    func aFailureAtAnyStepIsNamedAndLeavesNothing(step: LaunchStep) async throws {
        try await expectFailure(at: step)
    }

    @Test(.enabled(if: LandlockRuleset.abi != nil, "needs Landlock"))
    func aFailureOfLandlockIsNamedAndLeavesNothing() async throws {
        try await expectFailure(at: .landlock)
    }

    private func expectFailure(at step: LaunchStep) async throws {
        let control = try await sandbox.run(fullPlan())
        #expect(control.ending == .exited(code: 0))

        let before = Holdings()
        await #expect {
            var plan = try fullPlan()
            plan.fault = (step, Errno(rawValue: ENOMEM))
            _ = try await sandbox.run(plan)
        } throws: { error in
            let failure = try #require(error as? LaunchFailure)
            return failure.step == step.name && failure.errno == Errno(rawValue: ENOMEM)
        }
        #expect(Holdings() == before)
    }

    @Test func aFailureToEnterANetworkMadeAheadIsNamed() async throws {
        let supervisor = try Supervisor(launcher: Launcher(preparedNetworks: 1))
        var plan = sandbox.plan("/bin/true")
        plan.fault = (.networkNamespace, Errno(rawValue: ENOMEM))
        // Until the first is ready, launches make their own and do not take the step.
        for _ in 0..<1000 {
            do throws(LaunchFailure) {
                _ = try await supervisor.run(
                    plan, cgroup: nil, tree: SandboxFixture.Namespace(), limits: SupervisionLimits())
            } catch {
                #expect(error.step == LaunchStep.networkNamespace.name)
                #expect(error.errno == Errno(rawValue: ENOMEM))
                return
            }
        }
        Issue.record("no launch took a network namespace that was made ahead")
    }

    @Test func aNetworkMadeAheadIsFreshForEveryRun() async throws {
        let supervisor = try Supervisor(launcher: Launcher(preparedNetworks: 2))
        let plan = sandbox.plan("/bin/sh", "-c", "readlink /proc/self/ns/net; exec sleep 5")
        // More at once than are ready: some are made ahead, some with the launch. A number may be given out again once its
        // namespace is gone, so they all live at the same time.
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await supervisor.run(
                        plan, cgroup: nil, tree: SandboxFixture.Namespace(), limits: SupervisionLimits()
                    ).stdout.text
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        var buffer = [CChar](repeating: 0, count: 64)
        #expect(readlink("/proc/self/ns/net", &buffer, 63) > 0)
        let own = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "\n"
        #expect(own.hasPrefix("net:["))
        #expect(names.count == 6)
        #expect(!names.contains(own))
    }

    @Test func anIdentityMapThatIsRefusedStopsNoLaunchingThread() async throws {
        let launcher = try Launcher(threadCount: 1)
        let before = Holdings()
        // No uid is 2^32-1: the kernel refuses the map after the child that carries it was made.
        await #expect(throws: SystemError.self) {
            try await launcher.identityMap(fromUser: .max, group: 0, toUser: SandboxFixture.uid, group: 0)
        }
        _ = try await launcher.identityMap(fromUser: 1, group: 1, toUser: SandboxFixture.uid, group: SandboxFixture.uid)
        // The thread waits for its child after the answer.
        for _ in 0..<1000 {
            if Holdings() == before { break }
            poll(nil, 0, 10)
        }
        #expect(Holdings() == before)
    }

    /// A held child must not keep the locks and pipes of its parent open when that dies.
    @Test func aHeldChildHasNoDescriptorButItsOwn() async throws {
        let tree = try CgroupMount.find()
        let directory = "\(tree.mountPoint)/scan-executor-held-\(getpid())"
        guard mkdir(directory, 0o755) == 0 else { return }
        defer { rmdir(directory) }
        let cgroup = try OwnedDescriptor.open(directory, O_RDONLY | O_DIRECTORY)
        let child = try await sandbox.supervisor.launcher.hold(in: cgroup.raw)
        var names: [String] = []
        for _ in 0..<1000 {
            names = try BeneathDirectory(path: "/proc/\(child.pid)/fd").entryNames()
            if names == ["0"] { break }
            poll(nil, 0, 10)
        }
        #expect(names == ["0"])
        child.end()
        for _ in 0..<1000 {
            if rmdir(directory) == 0 { break }
            poll(nil, 0, 10)
        }
    }

    /// Everything a plan can hold, so that every step is taken.
    private func fullPlan() throws -> LaunchPlan {
        var plan = sandbox.plan("/bin/true")
        plan.hostname = "scan"
        plan.network = .loopback
        plan.mounts = [
            .init(
                try .tmpfs(size: .mebibytes(1), inodes: 16, uid: plan.uid, gid: plan.gid, attributes: .noDevices),
                at: "/tmp")
        ]
        // ret SECCOMP_RET_ALLOW
        plan.filter = FilterProgram(bpf: [0x06, 0, 0, 0, 0, 0, 0xff, 0x7f])
        if let abi = LandlockRuleset.abi {
            plan.landlock = try LandlockRuleset(
                abi: abi, readable: sandbox.root.root, devices: try OwnedDescriptor.open("/dev", .path),
                writable: plan.mounts.map(\.mount), allowsTCP: false)
        }
        return plan
    }

    @Test func aMountOnAMissingDirectoryNamesIt() async throws {
        var plan = sandbox.plan("/bin/true")
        plan.mounts = [
            .init(try .tmpfs(size: .mebibytes(1), inodes: 16, uid: 1, gid: 1, attributes: []), at: "/not-there")
        ]
        await #expect(throws: LaunchFailure(step: "mount", index: 0, item: "/not-there", errno: .noSuchFileOrDirectory))
        {
            try await sandbox.run(plan)
        }
    }

    @Test func noDescriptorLeftIsAnErrorBeforeTheLaunch() async throws {
        let before = Holdings()
        var old = rlimit()
        getrlimit(__rlimit_resource_t(7), &old)
        var none = rlimit(rlim_cur: 3, rlim_max: old.rlim_max)
        setrlimit(__rlimit_resource_t(7), &none)
        let result: Result<ExitFacts, any Error>
        do { result = .success(try await sandbox.run(sandbox.plan("/bin/true"))) } catch { result = .failure(error) }
        setrlimit(__rlimit_resource_t(7), &old)
        #expect {
            try result.get()
        } throws: { error in
            (error as? LaunchFailure)?.step == "prepare" && (error as? LaunchFailure)?.errno == .tooManyOpenFiles
        }
        #expect(Holdings() == before)
        #expect(try await sandbox.run(sandbox.plan("/bin/true")).ending == .exited(code: 0))
    }

    @Test func runsLeaveNothingBehind() async throws {
        _ = try await sandbox.run(sandbox.plan("/bin/true"))
        let before = Holdings()
        for _ in 0..<20 { _ = try await sandbox.run(sandbox.plan("/bin/sh", "-c", "sleep 1000 & echo x")) }
        #expect(Holdings() == before)
    }
}
