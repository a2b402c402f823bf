import Glibc
import SystemSupport
import Testing

@testable import CgroupV2

extension KernelTests {
    @Suite struct TreeTests {
        @Test func theTreeOfTheDesignIsBuiltAndDismantled() throws {
            try TestTree.run { tree in
                #expect(TestHost.exists("\(tree.path)/supervisor") && TestHost.exists("\(tree.path)/tasks"))
                #expect(tree.availableControllers == TestHost.controllers)
                _ = try tree.setCaps(type: "bandit", .none)
                #expect(TestHost.exists("\(tree.path)/tasks/bandit"))
            }
        }

        @Test func preparingTwiceChangesNothing() throws {
            try TestTree.run { tree in
                let again = try CgroupTree.prepare(root: tree.path, placement: .never)
                #expect(again.availableControllers == tree.availableControllers)
                // Not under the feet of the other worker.
                again.dismantle()
                #expect(TestHost.exists("\(tree.path)/tasks"))
                expectRemoved(try tree.makeTestLeaf())
            }
        }

        @Test func manyWorkersPrepareOneRootAtOnce() async throws {
            let test = try TestTree()
            defer { test.remove() }
            try await withThrowingTaskGroup { group in
                for worker in 0..<8 {
                    group.addTask {
                        let tree = try CgroupTree.prepare(root: test.path, placement: .never)
                        let leaf = try tree.makeTestLeaf("task.\(worker)")
                        return leaf.remove().isRemoved
                    }
                }
                for try await removed in group { #expect(removed) }
            }
        }

        @Test func dismantlingATreeInUseLeavesItToItsUsersAndTheNext() throws {
            try TestTree.run { tree in
                let leaf = try tree.makeTestLeaf()
                tree.dismantle()
                #expect(TestHost.exists(leaf.path))
                let next = try CgroupTree.prepare(root: tree.path, placement: .never)
                expectRemoved(leaf)
                expectRemoved(try next.makeTestLeaf())
            }
        }

        /// flock(2) drops the shared lock when it refuses the exclusive one.
        @Test func aWorkerThatCouldNotDismantleIsStillThere() throws {
            try TestTree.run { tree in
                let other = try CgroupTree.prepare(root: tree.path, placement: .never)
                other.dismantle()
                tree.dismantle()
                withExtendedLifetime(other) {}
                #expect(TestHost.exists("\(tree.path)/tasks"))
            }
        }

        @Test func workersThatComeAndGoAtOnceDoNotBreakEachOther() async throws {
            let test = try TestTree()
            defer { test.remove() }
            try await withThrowingTaskGroup { group in
                for worker in 0..<8 {
                    group.addTask {
                        for round in 0..<5 {
                            let tree = try CgroupTree.prepare(root: test.path, placement: .never)
                            let leaf = try tree.makeTestLeaf("task.\(worker).\(round)")
                            #expect(TestHost.exists(leaf.path))
                            expectRemoved(leaf)
                            tree.dismantle()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        @Test func missingDirectoriesAboveTheRootAreCreated() throws {
            let test = try TestTree()
            defer { test.remove() }
            let tree = try CgroupTree.prepare(root: "\(test.path)/a/b", placement: .never)
            #expect(tree.path == "\(test.path)/a/b" && TestHost.exists("\(tree.path)/tasks"))
        }

        @Test func whatIsNoCgroupDirectoryIsRefused() throws {
            let test = try TestTree()
            let link = "/tmp/scan-executor-link-\(UInt64.random(in: 0 ... .max))"
            try #require(symlink(try #require(TestHost.base), link) == 0)
            defer { unlink(link) }
            let base = try #require(TestHost.base)
            for path in [link, "/tmp", "/tmp/new-root", "\(base)/cgroup.procs", "relative", "/", "\(test.path)/../x"] {
                let error = #expect(throws: CgroupError.self) { try CgroupTree.prepare(root: path, placement: .never) }
                #expect(error?.code == .notCgroup2, "\(path)")
            }
            #expect(!TestHost.exists("/tmp/new-root") && !TestHost.exists("\(test.path)"))
        }

        @Test func threadedCgroupsAreRefused() throws {
            let test = try TestTree()
            defer { test.remove() }
            let root = try RootDirectory.open("\(test.path)/plain/threaded")
            try root.write("threaded", to: "cgroup.type")
            for path in ["\(test.path)/plain/threaded", "\(test.path)/plain"] {
                let error = #expect(throws: CgroupError.self) { try CgroupTree.prepare(root: path, placement: .never) }
                #expect(error?.code == .threaded)
                #expect(error?.description.contains("cgroup.type") == true)
            }
            _ = try CgroupTree.prepare(root: "\(test.path)/beside", placement: .never)
        }

        /// setfsuid(2) is a thread's own, so only this call is nobody's.
        @Test func aRootThatIsNotDelegatedIsOneClearError() throws {
            let test = try TestTree()
            defer { test.remove() }
            _ = try RootDirectory.open(test.path)
            let setfsuid = unsafeBitCast(
                try #require(dlsym(nil, "setfsuid")), to: (@convention(c) (uid_t) -> CInt).self)
            let error = #expect(throws: CgroupError.self) {
                _ = setfsuid(65534)
                defer { _ = setfsuid(0) }
                _ = try CgroupTree.prepare(root: test.path, placement: .never)
            }
            #expect(error?.code == .notDelegated)
            #expect(error?.description.contains("Delegate=yes") == true)
            _ = try CgroupTree.prepare(root: test.path, placement: .never)
        }

        /// The test's directory plays the mount: a bare host, where nobody hands out controllers.
        @Test func aBareHostGetsScanSliceWithControllers() throws {
            let test = try TestTree()
            defer { test.remove() }
            _ = try RootDirectory.open(test.path)
            let mount = CgroupMount(mountPoint: test.path, root: "/", isReadOnly: false, ownCgroup: "/elsewhere")
            let tree = try CgroupTree.prepare(mount: mount)
            #expect(tree.path == "\(test.path)/scan.slice")
            #expect(tree.availableControllers == TestHost.controllers)
            #expect(try tree.features().offeredControllers.isSuperset(of: TestHost.controllers))
            tree.dismantle()
            #expect(!TestHost.exists(tree.path) && TestHost.exists(test.path))
        }

        @Test(.needsControllers) func aContainerWhoseProcessesAreInTheWayIsOneClearError() throws {
            let test = try TestTree()
            defer { test.remove() }
            _ = try RootDirectory.open(test.path)
            let child = try Child("exec sleep 1000", in: test.path)
            let mount = CgroupMount(mountPoint: test.path, root: "/", isReadOnly: false, ownCgroup: "/elsewhere")
            let error = #expect(throws: CgroupError.self) { try CgroupTree.prepare(mount: mount) }
            #expect(error?.code == .occupied)
            kill(child.pid, SIGKILL)
            #expect(child.wait() == Child.killed)
            #expect(try CgroupTree.prepare(mount: mount).availableControllers == TestHost.controllers)
        }

        /// systemd marks what it delegates by an attribute; a worker that is in its supervisor/ already looks one
        /// above.
        @Test func underSystemdTheDelegatedCgroupIsTheRoot() throws {
            let test = try TestTree()
            defer { test.remove() }
            let unit = try RootDirectory.open("\(test.path)/system.slice/scan.service")
            var mount = CgroupMount(
                mountPoint: test.path, root: "/", isReadOnly: false, ownCgroup: "/system.slice/scan.service")
            #expect(try RootChoice.choose(nil, mount: mount).path == "\(test.path)/scan.slice")
            try unit.files.descriptor.setAttribute("user.delegate", to: Array("1".utf8), object: unit.path)
            #expect(try RootChoice.choose(nil, mount: mount) == RootChoice(path: unit.path, isBare: false))
            mount.ownCgroup += "/supervisor"
            #expect(try RootChoice.choose(nil, mount: mount) == RootChoice(path: unit.path, isBare: false))
            mount.ownCgroup += "/deeper"
            #expect(try RootChoice.choose(nil, mount: mount).isBare)
            #expect(try RootChoice.choose("/given", mount: mount) == RootChoice(path: "/given", isBare: false))
        }

        @Test func otherUsersCannotReachTheLeaves() throws {
            try TestTree.run { tree in
                var information = stat()
                try #require(stat("\(tree.path)/tasks", &information) == 0)
                #expect(information.st_mode & 0o777 == 0o700)
                // One that was made by somebody else with our uid.
                try #require(chmod("\(tree.path)/tasks", 0o755) == 0)
                _ = try CgroupTree.prepare(root: tree.path, placement: .never)
                try #require(stat("\(tree.path)/tasks", &information) == 0)
                #expect(information.st_mode & 0o777 == 0o700)
            }
        }

        @Test func aReadOnlyMountIsOneClearError() throws {
            let mount = CgroupMount(mountPoint: "/sys/fs/cgroup-nowhere", root: "/", isReadOnly: true, ownCgroup: "/")
            let error = #expect(throws: CgroupError.self) { try CgroupTree.prepare(placement: .never, mount: mount) }
            #expect(error?.code == .notDelegated)
        }

        @Test(.needsControllers) func processesInTheRootAreNamed() throws {
            let test = try TestTree()
            defer { test.remove() }
            _ = try RootDirectory.open(test.path)
            let child = try Child("exec sleep 1000", in: test.path)
            let error = #expect(throws: CgroupError.self) { try CgroupTree.prepare(root: test.path, placement: .never) }
            #expect(error?.code == .occupied)
            #expect(error?.description.contains("\(child.pid)") == true)
            kill(child.pid, SIGKILL)
            #expect(child.wait() == Child.killed)
            #expect(
                try CgroupTree.prepare(root: test.path, placement: .never).availableControllers == TestHost.controllers)
        }

        @Test func aWorkerInItsRootMovesToSupervisor() throws {
            let test = try TestTree()
            defer { test.remove() }
            _ = try RootDirectory.open(test.path)
            let expected = TestHost.controllers
            let worker = try ForkedWorker { _ in
                guard (try? TestHost.write("0", to: "\(test.path)/cgroup.procs")) != nil,
                    let tree = try? CgroupTree.prepare(root: test.path, placement: .ifNeeded),
                    let own = try? CgroupMount.find().ownDirectory
                else { return false }
                return own == "\(test.path)/supervisor" && tree.availableControllers == expected
            }
            #expect(worker.wait() == 0)
        }

        /// unshare(CLONE_NEWCGROUP) with the old mount, as a careless container does it.
        @Test func aPrivateNamespaceIsFoundOut() throws {
            let test = try TestTree()
            defer { test.remove() }
            _ = try RootDirectory.open(test.path)
            let unshare = unsafeBitCast(try #require(dlsym(nil, "unshare")), to: (@convention(c) (CInt) -> CInt).self)
            let worker = try ForkedWorker { _ in
                guard (try? TestHost.write("0", to: "\(test.path)/cgroup.procs")) != nil,
                    (try? CgroupMount.find().ownDirectory) == test.path, unshare(0x0200_0000) == 0
                else { return false }
                do { _ = try CgroupTree.prepare(root: "\(test.path)/root") } catch {
                    return (error as? CgroupError)?.code == .privateNamespace && !TestHost.exists("\(test.path)/root")
                }
                return false
            }
            #expect(worker.wait() == 0)
        }

        @Test func aWorkerElsewhereStaysWhereItIs() throws {
            let test = try TestTree()
            defer { test.remove() }
            let before = try CgroupMount.find().ownCgroup
            _ = try CgroupTree.prepare(root: test.path, placement: .supervisor)
            #expect(try CgroupMount.find().ownCgroup == before)
        }

        @Test func typesAreCappedTogether() throws {
            try TestTree.run { tree in
                let facts = try tree.setCaps(type: "bandit", CgroupLimits(pids: .value(try #require(TaskCount(50)))))
                #expect(facts.count == 1)
                #expect(facts.missing.isEmpty == TestHost.hasControllers)
                let text = TestHost.text("\(tree.path)/tasks/bandit/pids.max")
                #expect(text == (TestHost.hasControllers ? "50\n" : nil))
                #expect(throws: CgroupError.self) { try tree.setCaps(type: "../supervisor", .none) }
            }
        }

        @Test(.needsControllers) func aTypeThatSomebodyRemovedGetsItsCapsAgain() throws {
            try TestTree.run { tree in
                try tree.setCaps(type: "bandit", CgroupLimits(pids: .value(try #require(TaskCount(50)))))
                #expect(rmdir("\(tree.path)/tasks/bandit") == 0)
                expectRemoved(try tree.makeTestLeaf())
                #expect(TestHost.text("\(tree.path)/tasks/bandit/pids.max") == "50\n")
                // The last word counts, for the directory that there is too.
                try tree.setCaps(type: "bandit", CgroupLimits(pids: .max))
                #expect(TestHost.text("\(tree.path)/tasks/bandit/pids.max") == "max\n")
            }
        }

        @Test(.needsControllers) func theCapsOwnEventsTellWhichLimitWasReached() throws {
            try TestTree.run { tree in
                try tree.setCaps(
                    type: "bandit", CgroupLimits(memory: .value(.mebibytes(24)), swap: .value(.bytes(0))))
                let before = try tree.capEvents(type: "bandit")
                #expect(before.outOfMemory == 0)
                // pids.events.local came with Linux 6.11; without it nothing is known, which is not zero.
                #expect(
                    (before.refusedForks == nil)
                        == (TestHost.text("\(tree.path)/tasks/bandit/pids.events.local") == nil))
                let hog = try tree.makeTestLeaf("hog.1")
                #expect(try Child("exec tail /dev/zero", in: hog.path).wait() == Child.killed)
                #expect(try hog.usage().memory?.events?.oom == 0)
                #expect(try tree.capEvents(type: "bandit").outOfMemory ?? 0 > 0)
                #expect(try tree.capEvents().outOfMemory == 0)
                expectRemoved(hog)
            }
        }

        @Test func featuresAreWhatTheKernelShows() throws {
            try TestTree.run { tree in
                let features = try tree.features()
                #expect(features.enabledControllers == TestHost.controllers)
                #expect(features.offeredControllers.isSuperset(of: features.enabledControllers))
                #expect(features.leaseAttribute == .user && features.hasKill)
                #expect(features.hasPressure == TestHost.hasPressure)
                if !TestHost.hasControllers { #expect(!features.hasMemoryPeak && !features.hasPIDsPeak) }
            }
        }
    }
}
