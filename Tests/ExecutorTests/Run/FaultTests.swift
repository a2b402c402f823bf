import CgroupV2
import Glibc
import ProcessSupervisor
import Synchronization
import SystemPackage
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// Shortages and interference: each ends in a verdict or an error that says so, and leaves nothing.
    @Suite struct FaultTests {
        private static let shortages: [Errno] = [
            .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .resourceTemporarilyUnavailable, .noSpace,
        ]

        /// Steps that a plan of ours never takes here: a fault in them cannot fire.
        private static let untaken: Set<LaunchStep> =
            LandlockRuleset.abi == nil
            ? [.exec, .loopback, .networkNamespace, .landlock] : [.exec, .loopback, .networkNamespace]

        @Test(arguments: LaunchStep.allCases.filter { !untaken.contains($0) })
        func aShortageAtAnyStepOfTheLaunchIsTransient(step: LaunchStep) async throws {
            let host = try await RunFixture.host()
            for errno in Self.shortages {
                let run = try await outcome(shell("exit 0") { $0.fault = (step, errno) }, on: host)
                #expect(run.kind == .launchFailed, run.explanation)
                #expect(run.report.verdict.failureClass == .transient, "\(step) \(errno)")
                #expect(run.report.verdict.step == step.name && run.report.verdict.errno == errno)
                #expect(run.ending == nil)
            }
            let refused = try await outcome(shell("exit 0") { $0.fault = (step, .ioError) }, on: host)
            #expect(refused.kind == .launchFailed && refused.report.verdict.failureClass == .critical)
            #expect(try await outcome(shell("exit 0"), on: host).kind == .clean)
        }

        /// EPERM is what a container with masked paths of /proc answers.
        @Test func aProcThatMayNotBeMountedDegradesUnderBestEffortOnly() async throws {
            let contained = try await RunFixture.host { _ in }
            for _ in 0..<2 {
                let without = try await outcome(
                    shell("ls /proc | wc -l") { $0.fault = (.proc, .notPermitted) }, on: contained)
                #expect(without.lines == ["0"], without.explanation)
                #expect(without.report.enforcement.warnings.contains { $0.contains("/proc") })
            }
            let host = try await RunFixture.host()
            let with = try await outcome(shell("ls -d /proc/self"), on: host)
            #expect(with.lines == ["/proc/self"] && with.report.enforcement.means[.proc] == nil, with.explanation)
        }

        @Test(.needsControllers) func aProcThatMayNotBeMountedIsALaunchFailureUnderRequire() async throws {
            let strict = try await RunFixture.host { $0.enforcement = .require }
            let refused = try await outcome(shell("exit 0") { $0.fault = (.proc, .notPermitted) }, on: strict)
            #expect(refused.kind == .launchFailed && refused.report.verdict.step == "proc", refused.explanation)
            #expect(try await outcome(shell("exit 0"), on: strict).kind == .clean)
        }

        /// With no descriptor left, one left, two left, until there are enough: wherever it hits, it is a shortage that
        /// passes, never a missing program, a lost report or a leak.
        @Test func descriptorsThatRunOutAnywhereAreAShortage() async throws {
            let host = try await RunFixture.host()
            let tree = try TestDirectory()
            try tree.file("f", "content")
            let wanted = { () -> RunRequest in
                shell("echo report >/out/report; cat /src/f") {
                    $0.target = tree.path
                    $0.output = "\(tree.path).out"
                }
            }
            _ = try await host.run(wanted())
            TestDirectory.remove("\(tree.path).out")
            let before = Possessions.now(of: host)
            var (failures, succeeded) = (0, false)
            for left in 0..<64 where !succeeded {
                let shortage = try DescriptorShortage(leaving: left)
                let result: Result<RunOutcome, any Error>
                do { result = .success(try await host.run(wanted())) } catch { result = .failure(error) }
                shortage.end()
                switch result {
                case .success(let run) where run.kind == .launchFailed:
                    #expect(run.report.verdict.failureClass == .transient, run.explanation)
                    failures += 1
                case .success(let run):
                    #expect(run.kind == .clean && run.lines == ["content"], run.explanation)
                    #expect(run.report.artifacts.count == 1, "\(left) left: \(run.passedOver)")
                    succeeded = true
                case .failure(let error):
                    let error = try #require(error as? ExecutorError)
                    #expect(error.isTransient, "\(left) left: \(error)")
                    failures += 1
                }
                TestDirectory.remove("\(tree.path).out")
                #expect(try await Possessions.leaks(of: host, since: before) == [], "\(left) left")
            }
            #expect(failures > 0 && succeeded)
        }

        @Test func aProgramThatCannotBeForkedIsATransientLaunchFailure() async throws {
            let host = try await RunFixture.host()
            // The one task is pid 1.
            let run = try await outcome(request(["true"]) { $0.limits.pids = 1 }, on: host)
            #expect(run.kind == .launchFailed, run.explanation)
            #expect(run.report.verdict.errno == .resourceTemporarilyUnavailable)
            #expect(run.report.verdict.failureClass == .transient)
            #expect(try await outcome(request(["true"]) { $0.limits.pids = 2 }, on: host).kind == .clean)
        }

        @Test(.enabled(if: RunFixture.isUserModeLinux, "changes a setting of the whole kernel"))
        func aKernelWithoutRoomForANamespaceIsATransientLaunchFailure() async throws {
            let host = try await RunFixture.host()
            let settings = try BeneathDirectory(path: "/proc/sys/user")
            let usual = try settings.readText("max_pid_namespaces").split(separator: "\n").first.map(String.init) ?? ""
            try settings.write("0", to: "max_pid_namespaces")
            let run: RunOutcome
            do { run = try await outcome(shell("exit 0"), on: host) } catch {
                try settings.write(usual, to: "max_pid_namespaces")
                throw error
            }
            try settings.write(usual, to: "max_pid_namespaces")
            #expect(run.kind == .launchFailed, run.explanation)
            #expect(run.report.verdict.step == "clone" && run.report.verdict.errno == .noSpace)
            #expect(run.report.verdict.failureClass == .transient)
            #expect(try await outcome(shell("exit 0"), on: host).kind == .clean)
        }

        @Test func aCgroupKilledBySomebodyElseIsASignalOfNobodyOfOurs() async throws {
            let host = try await RunFixture.host()
            let run = try await interfered(host) { leaf in
                try? BeneathDirectory(path: leaf).write("1", to: "cgroup.kill")
                // The deaths come after the write; the cancellation that follows must find them done.
                while (try? BeneathDirectory(path: leaf).readText("cgroup.events"))?.contains("populated 1") == true {
                    usleep(1000)
                }
            }
            #expect(run.kind == .signaled, run.explanation)
            #expect(run.report.verdict.signal == SIGKILL)
        }

        @Test func aCgroupThatSomebodyRemovesIsNoLeak() async throws {
            let host = try await RunFixture.host()
            // rmdir is refused while a process lives there, so they are taken out first.
            let run = try await interfered(host) { leaf in
                let pids = (try? BeneathDirectory(path: leaf).readText("cgroup.procs"))?.split(separator: "\n") ?? []
                let above = String(leaf[..<(leaf.lastIndex(of: "/") ?? leaf.endIndex)])
                mkdir("\(above)/elsewhere", 0o755)
                for pid in pids {
                    try? BeneathDirectory(path: "\(above)/elsewhere").write("\(pid)", to: "cgroup.procs")
                }
                rmdir(leaf)
            }
            #expect(run.kind == .cancelled, run.explanation)
        }

        @Test func cgroupsThatSomebodyMakesBelowARunGoWithIt() async throws {
            let host = try await RunFixture.host()
            let run = try await interfered(host) { leaf in
                mkdir("\(leaf)/a", 0o755)
                mkdir("\(leaf)/a/b", 0o755)
            }
            #expect(run.kind == .cancelled, run.explanation)
        }

        /// What is left keeps its uid: no other run shares it, until all is gone.
        @Test func whatCannotBeRemovedIsCriticalAndGoesOnBeingRemoved() async throws {
            let host = try await RunFixture.host {
                $0.slotCount = 1
                $0.firstUID = 2_000_100_200
            }
            let before = Possessions.now(of: host)
            let wanted = shell("exit 0")
            let leaf = "\(host.tree.path)/tasks/test/\(wanted.taskID).1"
            // Deeper than a removal goes.
            let deep = (0..<70).reduce(into: [leaf]) { paths, _ in paths.append("\(paths[paths.count - 1])/x") }
                .dropFirst()
            let run = try await host.run(wanted) { _ in for path in deep { mkdir(path, 0o755) } }
            #expect(run.kind == .cleanupFailed, run.explanation)
            #expect(run.report.verdict.failureClass == .critical)
            #expect(host.leftoverCount == 1)
            let full = await #expect(throws: ExecutorError.self) { try await host.run(shell("exit 0")) }
            #expect(full?.isTransient == true)
            for path in deep.reversed() { rmdir(path) }
            await host.leftovers.whenEmpty()
            #expect(host.leftoverCount == 0)
            #expect(try await host.run(shell("exit 0")).kind == .clean)
            #expect(try await Possessions.leaks(of: host, since: before) == [])
        }

        /// A run that says it has started, what somebody does to its cgroup then, and how it ends after a cancellation.
        private func interfered(
            _ host: SandboxHost, _ interference: @escaping @Sendable (String) -> Void
        ) async throws -> RunOutcome {
            let pipe = try OwnedDescriptor.pipe()
            let writer = SharedDescriptor(owning: pipe.writeEnd)
            let reader = pipe.readEnd.release()
            defer { close(reader) }
            let before = Possessions.now(of: host)
            let cancellation = Cancellation()
            var wanted = shell("echo started; exec sleep 1000")
            wanted.standardOutput = writer
            let leaf = "\(host.tree.path)/tasks/test/\(wanted.taskID).1"
            async let run = host.run(wanted, cancellation: cancellation)
            await blocking {
                var byte: UInt8 = 0
                _ = read(reader, &byte, 1)
                interference(leaf)
            }
            // Where the interference ended it, this comes too late.
            if (try? BeneathDirectory(path: leaf).readText("cgroup.events"))?.contains("populated 0") != true {
                cancellation.cancel()
            }
            let ended = try await run
            rmdir("\(host.tree.path)/tasks/test/elsewhere")
            #expect(try await Possessions.leaks(of: host, since: before) == [])
            return ended
        }
    }
}

/// A limit on descriptors at which so many more can be opened, until it is ended.
private final class DescriptorShortage {
    private var old = rlimit()

    init(leaving count: Int) throws {
        getrlimit(__rlimit_resource_t(7), &old)
        // The lowest numbers are given out first, so the gaps are filled before the end is counted.
        var fillers: [CInt] = []
        let highest = Possessions.names("/proc/self/fd").compactMap { CInt($0) }.max() ?? 2
        while let last = Optional(dup(0)), last >= 0 {
            fillers.append(last)
            if last > highest { break }
        }
        self.fillers = fillers
        let most = (fillers.last ?? highest) + 1 + CInt(count)
        var low = rlimit(rlim_cur: rlim_t(most), rlim_max: old.rlim_max)
        try #require(setrlimit(__rlimit_resource_t(7), &low) == 0)
    }

    private let fillers: [CInt]

    func end() {
        setrlimit(__rlimit_resource_t(7), &old)
        for filler in fillers { close(filler) }
    }
}
