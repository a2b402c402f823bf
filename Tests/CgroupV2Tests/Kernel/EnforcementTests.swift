import Glibc
import SystemSupport
import Testing

@testable import CgroupV2

extension KernelTests {
    /// Each shows the forbidden thing refused, and the permitted thing beside it.
    @Suite struct EnforcementTests {
        @Test(.needsNoControllers) func withoutControllersEveryLimitSaysWhyItIsNotInForce() throws {
            try TestTree.run { tree in
                #expect(tree.availableControllers == [])
                let leaf = try tree.makeTestLeaf("a.1", try Self.everything())
                #expect(leaf.limits.map(\.file) == LimitFile.allCases.filter { $0 != .ioMax }.sortedAsWritten)
                for fact in leaf.limits {
                    #expect(fact.failure?.code == .missingController)
                    #expect(fact.failure?.description.contains("\(fact.file.controller) controller") == true)
                }
                expectRemoved(leaf)
                #expect(try tree.makeTestLeaf("b.1").limits == [])
            }
        }

        @Test(.needsControllers) func limitsAreWhatTheKernelReadsBack() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf("a.1", try Self.everything())
                for fact in leaf.limits {
                    let offered = tree.availableControllers.contains(fact.file.controller)
                    #expect(fact.isEnforced == offered, "\(fact)")
                    if offered { #expect(TestHost.text("\(leaf.path)/\(fact.file)") == fact.value + "\n") }
                }
                expectRemoved(leaf)
                let unlimited = try tree.makeTestLeaf("b.1", CgroupLimits(cpu: .max, memory: .max, pids: .max))
                #expect(unlimited.limits.missing == [])
                expectRemoved(unlimited)
            }
        }

        @Test(.needsControllers) func memoryMaxKillsAHogAndSparesTheModest() throws {
            try TestTree.run { tree in
                let limits = CgroupLimits(memory: .value(.mebibytes(24)), swap: .value(.bytes(0)), oomGroup: true)
                let leaf = try tree.makeTestLeaf("hog.1", limits)
                // tail keeps the last line, and this one never ends.
                #expect(try Child("tail /dev/zero; exit 0", in: leaf.path).wait() == Child.killed)
                let usage = try leaf.usage()
                #expect(usage.memory?.events?.oomKill ?? 0 > 0 && usage.memory?.localEvents?.max ?? 0 > 0)
                #expect(usage.memory?.peak.map { $0 > .mebibytes(16) && $0 <= .mebibytes(24) } == true)
                expectRemoved(leaf)
                let modest = try tree.makeTestLeaf("modest.1", limits)
                #expect(try Child("head -c 1000000 /dev/zero | tail -c 1000000", in: modest.path).wait() == 0)
                #expect(try modest.usage().memory?.events?.oomKill == 0)
                expectRemoved(modest)
            }
        }

        @Test(.needsControllers) func theCapOfATypeHoldsForALeafWithoutLimits() throws {
            try TestTree.run { tree in
                #expect(
                    try tree.setCaps(
                        type: "bandit", CgroupLimits(memory: .value(.mebibytes(24)), swap: .value(.bytes(0)))
                    ).missing == [])
                let leaf = try tree.makeTestLeaf("hog.1")
                #expect(try Child("exec tail /dev/zero", in: leaf.path).wait() == Child.killed)
                #expect(try leaf.usage().memory?.events?.oomKill ?? 0 > 0)
                expectRemoved(leaf)
            }
        }

        @Test(.needsControllers) func pidsMaxRefusesTheForkOverIt() throws {
            try TestTree.run { tree in
                let script = "sleep 1000 & sleep 1000 & sleep 1000 & kill $!; exit 0"
                let tight = try tree.makeTestLeaf("tight.1", CgroupLimits(pids: .value(try #require(TaskCount(3)))))
                #expect(try Child(script, in: tight.path).wait() == 2)
                #expect(try tight.usage().pids.map { $0.refusedForks ?? 0 > 0 && $0.current ?? 0 <= 3 } == true)
                let roomy = try tree.makeTestLeaf("roomy.1", CgroupLimits(pids: .value(try #require(TaskCount(8)))))
                #expect(try Child(script, in: roomy.path).wait() == 0)
                #expect(try roomy.usage().pids.map { $0.refusedForks == 0 && $0.peak.map { $0 >= 4 } != false } == true)
                expectRemoved(tight)
                expectRemoved(roomy)
            }
        }

        @Test(.needsControllers) func cpuMaxThrottlesAndItsAbsenceDoesNot() throws {
            try TestTree.run { tree in
                let work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
                let tight = try tree.makeTestLeaf(
                    "tight.1", CgroupLimits(cpu: .value(try #require(CPUCount(millicores: 100)))))
                #expect(try Child(work, in: tight.path).wait() == 0)
                let usage = try tight.usage().cpu
                #expect(usage?.throttledPeriods ?? 0 > 0 && usage?.throttled ?? .zero > .zero)
                let free = try tree.makeTestLeaf("free.1")
                #expect(try Child(work, in: free.path).wait() == 0)
                #expect(try free.usage().cpu?.throttledPeriods == 0)
                expectRemoved(tight)
                expectRemoved(free)
            }
        }

        /// At 16 KiB a second the limited one needs minutes, so the other one ends while it still runs.
        @Test(.enabled(if: TestHost.canLimitIO, "needs the io controller and a disk to read"))
        func ioMaxHoldsBackTheLimitedReader() throws {
            let disk = try #require(TestHost.blockDevice)
            try TestTree.run { tree in
                let read = "dd if=\(disk.path) of=/dev/null bs=64k count=64 iflag=direct"
                let limits = CgroupLimits(io: [IOLimit(device: disk.device, readBytes: .value(.kibibytes(16)))])
                let tight = try tree.makeTestLeaf("tight.1", limits)
                #expect(tight.limits.missing == [])
                let free = try tree.makeTestLeaf("free.1")
                let slow = try Child("exec \(read)", in: tight.path)
                let quick = try Child("exec \(read)", in: free.path)
                #expect(quick.wait() == 0)
                #expect(try tight.isPopulated())
                #expect(try free.usage().io?.devices[disk.device]?.readBytes == 64 * 64 << 10)
                #expect(try tight.usage().io?.total.readBytes ?? 0 < 64 * 64 << 10)
                try tight.kill()
                #expect(slow.wait() == Child.killed)
                expectRemoved(tight)
                expectRemoved(free)
            }
        }

        @Test(.enabled(if: TestHost.canLimitIO, "needs the io controller and a disk to read"))
        func aDiskThatIsNotThereIsAFactThatSaysSo() throws {
            try TestTree.run { tree in
                let nowhere = IOLimit(device: BlockDevice(major: 4000, minor: 1), readBytes: .value(.mebibytes(1)))
                let leaf = try tree.makeTestLeaf("a.1", CgroupLimits(io: [nowhere]))
                #expect(leaf.limits.missing.map(\.failure?.code) == [.invalidLimit])
                expectRemoved(leaf)
            }
        }

        /// Every limit but io.max, which needs a disk.
        static func everything() throws -> CgroupLimits {
            CgroupLimits(
                cpu: .value(try #require(CPUCount(millicores: 1500))), cpuWeight: CPUWeight(50),
                memory: .value(.mebibytes(64)),
                memoryHigh: .value(.mebibytes(48)), swap: .value(.bytes(0)), oomGroup: true,
                pids: .value(try #require(TaskCount(64))), cpus: CPUList(parsing: "0"))
        }
    }
}

extension [LimitFile] {
    /// cpuset.cpus is written first, the rest as declared.
    fileprivate var sortedAsWritten: [LimitFile] { [.cpusetCPUs] + filter { $0 != .cpusetCPUs } }
}
