import Glibc
import SystemSupport
import Testing

@testable import CgroupV2

extension KernelTests {
    @Suite struct ReapTests {
        @Test func whatADeadWorkerLeftIsEndedAndALivingOnesLeafStays() throws {
            try TestTree.run { tree in
                let living = try tree.makeTestLeaf("living.1")
                let mine = try Child("exec sleep 1000", in: living.path)
                let lease = Lease.test(task: "dead", attempt: 3)
                try Self.orphan("dead.3", in: tree) { try $0.setLease(lease) }
                let child = try Child("sleep 1000 & wait", in: "\(tree.path)/tasks/bandit/dead.3")
                let reclaimed = try tree.reap(within: .seconds(20))
                #expect(reclaimed.map(\.lease) == [lease])
                #expect(reclaimed.map(\.outcome) == [.removed])
                #expect(reclaimed.first?.type == "bandit" && reclaimed.first?.name == "dead.3")
                #expect(reclaimed.first?.usage?.cpu?.total != nil)
                #expect(child.wait() == Child.killed)
                #expect(!TestHost.exists("\(tree.path)/tasks/bandit/dead.3"))
                #expect(try living.isPopulated())
                expectRemoved(living)
                #expect(mine.wait() == Child.killed)
            }
        }

        /// The worker is a real process, and only its death changes what the reaper does.
        @Test func aWorkerKilledBySIGKILLIsDeadAndNotBefore() throws {
            try TestTree.run { tree in
                let worker = try ForkedWorker { report in
                    guard let identity = try? WorkerIdentity.current(id: "victim"),
                        let leaf = try? tree.makeLeaf(
                            type: "bandit", name: "task.1", limits: .none,
                            lease: Lease(worker: identity, task: "task", attempt: 1))
                    else { return false }
                    _ = write(report, "x", 1)
                    pause()
                    return leaf.remove().isRemoved
                }
                #expect(worker.firstByte() == UInt8(ascii: "x"))
                #expect(try tree.reap(unleasedAge: .zero) == [])
                kill(worker.pid, SIGKILL)
                #expect(worker.wait() == Child.killed)
                let reclaimed = try tree.reap(within: .seconds(20))
                #expect(reclaimed.map(\.lease?.worker.pid) == [worker.pid])
                #expect(reclaimed.map(\.outcome) == [.removed])
            }
        }

        /// As a process does that was being launched when the worker died.
        @Test func aLockThatOutlivesItsWorkerForAMomentIsWaitedFor() async throws {
            let test = try TestTree()
            defer { test.remove() }
            let tree = try CgroupTree.prepare(root: test.path, placement: .never)
            let worker = try ForkedWorker { _ in true }
            #expect(worker.wait() == 0)
            let gone = WorkerIdentity(id: "gone", bootID: "-", pid: worker.pid, startTime: 1)
            #expect(gone.seemsGone)
            #expect(try !WorkerIdentity.current(id: "here").seemsGone)
            try Self.orphan("late.1", in: tree) { try $0.setLease(Lease(worker: gone, task: "late", attempt: 1)) }
            let holder = try OwnedDescriptor.open("\(tree.path)/tasks/bandit/late.1", O_RDONLY | O_DIRECTORY)
            try #require(flock(holder.raw, LOCK_EX | LOCK_NB) == 0)
            async let reaped = Task.detached { try tree.reap(within: .seconds(20)) }.value
            // Time for the reaper to meet the lock. Should it come later, it finds what it waits for: the outcome is the same.
            usleep(20_000)
            flock(holder.raw, LOCK_UN)
            #expect(try await reaped.map(\.outcome) == [.removed])
        }

        @Test func ofManyReapersOneReportsEachLeaf() async throws {
            let test = try TestTree()
            defer { test.remove() }
            let tree = try CgroupTree.prepare(root: test.path, placement: .never)
            for number in 0..<200 { try Self.orphan("dead.\(number)", in: tree) { try $0.setLease(.test()) } }
            let names = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 { group.addTask { try tree.reap(within: .seconds(20)).map(\.name) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(names.sorted() == (0..<200).map { "dead.\($0)" }.sorted())
        }

        @Test func aCreationInProgressIsLeftAloneUntilItIsOld() throws {
            try TestTree.run { tree in
                try Self.orphan("young.1", in: tree) { _ in }
                let type = try tree.typeDirectory("bandit")
                try type.beginCreation()
                defer { type.endCreation() }
                #expect(try tree.reap() == [])
                let reclaimed = try tree.reap(unleasedAge: .zero)
                #expect(reclaimed.map(\.name) == ["young.1"] && reclaimed.first?.lease == nil)
            }
        }

        @Test func whatDiedInItsCreationIsRemovedAtOnceWhereNobodyCreates() throws {
            try TestTree.run { tree in
                try Self.orphan("dead.1", in: tree) { _ in }
                let living = try tree.makeTestLeaf("living.1")
                #expect(try tree.reap().map(\.name) == ["dead.1"])
                #expect(TestHost.exists(living.path))
                expectRemoved(living)
            }
        }

        @Test func aLeafWhoseEndCannotBeRecordedStaysForTheNextReap() throws {
            struct Refusal: Error, CustomStringConvertible { var description = "disk full" }
            try TestTree.run { tree in
                try Self.orphan("dead.1", in: tree) { try $0.setLease(.test()) }
                let kept = try tree.reap(within: .seconds(20), record: { _ in throw Refusal() })
                #expect(kept.map(\.outcome) == [.unrecorded("disk full")])
                var recorded: [String] = []
                let gone = try tree.reap(within: .seconds(20), record: { recorded.append($0.name) })
                #expect(gone.map(\.outcome) == [.removed] && recorded == ["dead.1"])
            }
        }

        @Test func aPopulatedCgroupWithoutLeaseIsNotOurs() throws {
            try TestTree.run { tree in
                try Self.orphan("foreign.1", in: tree) { _ in }
                let child = try Child("exec sleep 1000", in: "\(tree.path)/tasks/bandit/foreign.1")
                #expect(try tree.reap(unleasedAge: .zero) == [])
                kill(child.pid, SIGKILL)
                #expect(child.wait() == Child.killed)
                #expect(try tree.reap(unleasedAge: .zero).count == 1)
            }
        }

        @Test func anUnreadableLeaseCountsAsNone() throws {
            try TestTree.run { tree in
                for (name, size) in [("junk.1", 10), ("junk.2", 8000)] {
                    try Self.orphan(name, in: tree) { cgroup in
                        try cgroup.files.descriptor.setAttribute(
                            LeaseAttribute.user.rawValue, to: [UInt8](repeating: 0xff, count: size), object: name)
                    }
                }
                var recorded = 0
                #expect(try tree.reap(record: { _ in recorded += 1 }).map(\.lease) == [nil, nil])
                // Of them nothing is known that could be recorded.
                #expect(recorded == 0)
            }
        }

        @Test func theCallerMayKeepALeaf() throws {
            try TestTree.run { tree in
                try Self.orphan("dead.1", in: tree) { try $0.setLease(.test()) }
                #expect(try tree.reap(mayReap: { $0.worker.id != "worker-a" }) == [])
                #expect(try tree.reap(mayReap: { $0.worker.id == "worker-a" }).count == 1)
            }
        }

        @Test func leasesAreReadBackFromTheCgroup() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                #expect(leaf.cgroup.lease() == .lease(.test()))
                expectRemoved(leaf)
            }
        }

        /// A leaf as a dead worker leaves it: no lock.
        static func orphan(
            _ name: String, in tree: CgroupTree, _ furnish: (borrowing CgroupDirectory) throws -> Void
        ) throws {
            let parent = try tree.typeDirectory("bandit").cgroup.childIfPresent(".")
            guard let parent else { return }
            try parent.makeChild(name)
            try furnish(try parent.child(name))
        }
    }
}
