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

        /// A holder killed after its mark leaves just that, however long the path of the one before was.
        @Test func aMarkReplacesWhatADeadHolderLeft() throws {
            let directory = try TestDirectory()
            let slots = try UserSlots(first: 2_000_100_900, count: 1, stateDirectory: directory.path)
            let file = "\(directory.path)/uids/2000100900"
            func content() throws -> String {
                String(
                    decoding: try OwnedDescriptor.open(file, O_RDONLY).readAll(limit: 4096, object: file), as: UTF8.self
                )
            }
            try writeFile(file, Array("/sys/fs/cgroup/none/of/a/long/path".utf8))
            let slot = try slots.take(hint: 0)
            #expect(try content() == "")
            try slot.mark("/sys/fs/cgroup/long/path")
            try slot.mark("/sys/fs/cgroup/short")
            #expect(try content() == "/sys/fs/cgroup/short")
        }

        /// Only a cgroup that is gone, and what no holder wrote, frees a uid.
        @Test(arguments: [
            ("/sys/fs/cgroup/none", true), ("no path", true), ("\0\0\0", true), ("/with\0nul", true),
            (String(repeating: "/", count: 5000), true),
            // Errors that say nothing of the cgroup: ENOTDIR, ENAMETOOLONG.
            ("/dev/null/x", false), ("/" + String(repeating: "n", count: 300), false),
        ])
        func whatCannotBeFoundOutKeepsTheUid(_ content: String, _ isFree: Bool) throws {
            let directory = try TestDirectory()
            let slots = try UserSlots(first: 2_000_100_900, count: 1, stateDirectory: directory.path)
            try writeFile("\(directory.path)/uids/2000100900", Array(content.utf8))
            #expect(try Self.take(slots) == isFree)
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
