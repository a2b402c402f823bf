import Glibc
import SystemSupport
import Testing

@testable import CgroupV2

extension KernelTests {
    @Suite struct LeafTests {
        @Test func aLeafIsADirectoryUntilItIsRemoved() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let path = leaf.path
                #expect(path == "\(tree.path)/tasks/bandit/task-1.1" && TestHost.exists(path))
                #expect(fcntl(leaf.descriptor, F_GETFD) & FD_CLOEXEC != 0)
                #expect(try !leaf.isPopulated())
                expectRemoved(leaf)
                #expect(!TestHost.exists(path))
            }
        }

        @Test func aSecondLeafOfTheNameIsRefusedAndTheFirstKept() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let error = #expect(throws: CgroupError.self) { _ = try tree.makeTestLeaf() }
                #expect(error?.code == .alreadyExists)
                #expect(TestHost.exists(leaf.path))
                expectRemoved(leaf)
            }
        }

        @Test func invalidLeavesAreRefusedBeforeAnythingIsMade() throws {
            try TestTree.run { tree in
                for (type, name) in [
                    ("bandit", "../x"), ("bandit", "cgroup.x"), ("a/b", "x"), ("", "x"), ("memory.max", "x"),
                ] {
                    let error = #expect(throws: CgroupError.self) {
                        _ = try tree.makeLeaf(type: type, name: name, limits: .none, lease: .test())
                    }
                    #expect(error?.code == .invalidName)
                }
                #expect(throws: CgroupError.self) {
                    _ = try tree.makeTestLeaf("a", CgroupLimits(memory: .value(.bytes(1))))
                }
                let long = Lease.test(task: String(repeating: "x", count: 5000))
                #expect(throws: CgroupError.self) {
                    _ = try tree.makeLeaf(type: "bandit", name: "a", limits: .none, lease: long)
                }
            }
        }

        @Test func whenTheKernelHasNoMoreCgroupsTheErrorSaysSo() throws {
            try TestTree.run { tree in
                _ = try tree.setCaps(type: "bandit", .none)
                try TestHost.write("0", to: "\(tree.path)/tasks/bandit/cgroup.max.descendants")
                let error = #expect(throws: CgroupError.self) { _ = try tree.makeTestLeaf() }
                #expect(error?.code == .exhausted && error?.errno == EAGAIN)
                try TestHost.write("max", to: "\(tree.path)/tasks/bandit/cgroup.max.descendants")
                expectRemoved(try tree.makeTestLeaf())
            }
        }

        /// Creation needs several descriptors; with one too few of them each step in turn fails.
        @Test func aLeafThatRunsOutOfDescriptorsLeavesNothing() throws {
            try TestTree.run { tree in
                expectRemoved(try tree.makeTestLeaf())
                let worker = try ForkedWorker { _ in
                    let free = dup(0)
                    close(free)
                    var failures = 0
                    for spare in 0..<8 {
                        var limit = rlimit(rlim_cur: rlim_t(free) + rlim_t(spare), rlim_max: 1024)
                        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
                        do {
                            return try tree.makeTestLeaf("a.1", CgroupLimits(memory: .max)).remove().isRemoved
                                && failures > 0
                        } catch {
                            failures += 1
                            let isClean = !TestHost.exists("\(tree.path)/tasks/bandit/a.1")
                            guard (error as? CgroupError)?.code == .exhausted, isClean else { return false }
                        }
                    }
                    return false
                }
                #expect(worker.wait() == 0)
            }
        }

        @Test func aTypeDirectoryThatSomebodyRemovedIsMadeAgain() throws {
            try TestTree.run { tree in
                expectRemoved(try tree.makeTestLeaf())
                try #require(rmdir("\(tree.path)/tasks/bandit") == 0)
                expectRemoved(try tree.makeTestLeaf())
            }
        }

        @Test(arguments: KillMethod.allCases)
        func killEndsEverythingBelowAndNothingBeside(method: KillMethod) throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let beside = try tree.makeTestLeaf("beside.1")
                try #require(mkdir("\(leaf.path)/nested", 0o755) == 0)
                let children = [
                    try Child("sleep 1000 & sleep 1000 & wait", in: leaf.path),
                    try Child("exec sleep 1000", in: "\(leaf.path)/nested"),
                ]
                let bystander = try Child("exec sleep 1000", in: beside.path)
                #expect(try leaf.isPopulated())
                #expect(try !leaf.waitUntilEmpty(within: .milliseconds(20)))
                try leaf.kill(using: method)
                // Otherwise the waits below would have no end.
                try #require(try leaf.waitUntilEmpty(within: .seconds(20)))
                for child in children { #expect(child.wait() == Child.killed) }
                #expect(try beside.isPopulated())
                #expect(TestHost.text("\(leaf.path)/cgroup.events")?.contains("frozen 0") == true)
                expectRemoved(leaf)
                expectRemoved(beside)
                #expect(bystander.wait() == Child.killed)
            }
        }

        @Test func removalKillsWhatIsLeftAndRemovesNestedCgroups() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let deep = "\(leaf.path)/a/b/c"
                for path in ["\(leaf.path)/a", "\(leaf.path)/a/b", deep, "\(leaf.path)/d"] {
                    try #require(mkdir(path, 0o755) == 0)
                }
                let child = try Child("exec sleep 1000", in: deep)
                expectRemoved(leaf)
                #expect(child.wait() == Child.killed)
            }
        }

        /// Without time to die they are still there; the leaf comes back and can be removed later.
        @Test func removalIsBoundedAndHandsTheLeafBack() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let child = try Child("i=0; while [ $i -lt 20 ]; do sleep 1000 & i=$((i+1)); done; wait", in: leaf.path)
                switch leaf.remove(within: .zero) {
                case .removed: break  // A kernel that is this quick leaves nothing to show.
                case .stillPopulated(let leaf): expectRemoved(leaf)
                case .failed(_, let error): Issue.record(error)
                }
                #expect(child.wait() == Child.killed)
            }
        }

        @Test func aLeafThatSomebodyRemovedIsClean() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let sampler = try leaf.makeSampler()
                try #require(rmdir(leaf.path) == 0)
                #expect(try !leaf.isPopulated())
                #expect(try leaf.usage() == CgroupUsage())
                #expect(sampler.sample() == CgroupSample())
                #expect(try leaf.waitUntilEmpty(within: .seconds(20)))
                for method in KillMethod.allCases where method != .cgroupKill { try leaf.kill(using: method) }
                expectRemoved(leaf)
            }
        }

        @Test func aDroppedLeafEndsItsProcessesAndItself() throws {
            try TestTree.run { tree in
                var child: Child?
                do {
                    let leaf = try tree.makeTestLeaf()
                    child = try Child("exec sleep 1000", in: leaf.path)
                }
                #expect(child?.wait() == Child.killed)
                // On a slow machine it may have outlived the drop; then it has no lock and the reaper finds it.
                for entry in try tree.reap(within: .seconds(20)) { #expect(entry.outcome == .removed) }
            }
        }

        @Test func manyLeavesLeaveNothingBehind() throws {
            try TestTree.run { tree in
                for number in 0..<200 {
                    let leaf = try tree.makeTestLeaf("task.\(number)")
                    expectRemoved(leaf)
                }
            }
        }

        @Test func timesAreReadWithAndWithoutControllers() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let sampler = try leaf.makeSampler()
                #expect(sampler.sample().cpu == .zero)
                let child = try Child("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done", in: leaf.path)
                #expect(child.wait() == 0)
                let usage = try leaf.usage()
                let total = try #require(usage.cpu?.total)
                #expect(
                    total > .zero
                        && (usage.cpu?.user ?? .zero) + (usage.cpu?.system ?? .zero) <= total + .microseconds(1))
                #expect(sampler.sample().cpu == total)
                #expect(
                    (usage.memory != nil) == TestHost.hasControllers && (usage.pids != nil) == TestHost.hasControllers)
                #expect((sampler.sample().memory != nil) == TestHost.hasControllers)
                expectRemoved(leaf)
            }
        }

        @Test(.enabled(if: TestHost.hasPressure, "needs PSI")) func pressureIsReported() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let usage = try leaf.usage()
                #expect(
                    usage.cpuPressure?.some != nil && usage.memoryPressure?.full != nil && usage.ioPressure?.some != nil
                )
                expectRemoved(leaf)
            }
        }

        @Test(.enabled(if: !TestHost.hasPressure, "shows a kernel without PSI")) func withoutPSIPressureIsAbsent()
            throws
        {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                let usage = try leaf.usage()
                #expect(usage.cpuPressure == nil && usage.memoryPressure == nil && usage.ioPressure == nil)
                expectRemoved(leaf)
            }
        }
    }
}
