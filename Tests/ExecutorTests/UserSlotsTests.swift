import Glibc
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    @Suite struct UserSlotsTests {
        /// The lock of a killed worker is free at once; its processes may take a moment longer.
        @Test func aUidStaysTakenWhileTheCgroupOfADeadHolderHasProcesses() async throws {
            let host = try await RunFixture.host()
            let directory = try TestDirectory()
            let slots = try UserSlots(first: 2_000_100_900, count: 1, stateDirectory: directory.path)
            let leaf = try host.tree.makeLeaf(
                type: "test", name: "\(RunFixture.uniqueName("slot")).1", limits: .none,
                lease: .init(worker: host.identity, task: "slot", attempt: 1))
            // What is written there when its holder is killed.
            try writeFile("\(directory.path)/uids/2000100900", Array(leaf.path.utf8))
            #expect(try Self.take(slots))
            try writeFile("\(directory.path)/uids/2000100900", Array(leaf.path.utf8))
            let child = try await host.supervisor.launcher.hold(in: leaf.descriptor)
            #expect(try !Self.take(slots))
            child.end()
            #expect(try leaf.waitUntilEmpty(within: .seconds(30)))
            #expect(try Self.take(slots))
            #expect(try Self.take(slots))
            let isRemoved = leaf.remove().isRemoved
            #expect(isRemoved)
        }

        /// Takes the slot, marks it as a run does, and gives it back; false where it is in use.
        private static func take(_ slots: UserSlots) throws -> Bool {
            do {
                let slot = try slots.take(hint: 0)
                try slot.mark("/sys/fs/cgroup/none")
                return true
            } catch let error as ExecutorError where error.isTransient { return false }
        }
    }
}
