import CgroupV2
import Glibc
import Synchronization
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// Each limit on a real kernel: who stays below it is left alone, who does not is held.
    @Suite struct LimitTests {
        /// Holds so many mebibytes at once.
        static func holding(_ mebibytes: Int) -> String {
            "my $x = 'a' x (\(mebibytes) << 20); print length($x), qq(\\n);"
        }

        @Test(.needsControllers) func memoryOverTheLimitIsAnOOMKillWithItsCount() async throws {
            let host = try await RunFixture.host()
            let small = { (request: inout RunRequest) in request.limits.memory = .mebibytes(64) }
            let fits = try await outcome(perl(Self.holding(16), small), on: host)
            #expect(fits.kind == .clean, fits.explanation)
            #expect(try #require(fits.report.usage.memoryPeakBytes) >= 16 << 20)
            #expect(fits.report.usage.oomKills == 0)

            let hog = try await outcome(perl(Self.holding(256), small), on: host)
            #expect(hog.kind == .oomKilled, hog.explanation)
            #expect(hog.report.verdict.failureClass == .transient)
            let evidence = try #require(hog.evidence("memory.events", "oom_kill"))
            #expect(evidence.before == 0)
            #expect(try #require(evidence.after) > 0)
            #expect(try #require(hog.report.usage.memoryPeakBytes) <= 64 << 20)
            #expect(hog.report.enforcement.means[.memory] == .cgroup)
        }

        @Test(.needsControllers) func filesInTmpAndOutCountAsMemory() async throws {
            let host = try await RunFixture.host()
            let roomy = { (request: inout RunRequest) in
                request.limits.memory = .mebibytes(64)
                request.limits.tmp = .mebibytes(256)
                request.limits.out = .mebibytes(256)
            }
            for place in ["/tmp", "/out"] {
                let fits = try await outcome(shell("head -c 16M /dev/zero >\(place)/x", roomy), on: host)
                #expect(fits.kind == .clean, fits.explanation)
                let full = try await outcome(shell("head -c 200M /dev/zero >\(place)/x", roomy), on: host)
                #expect(full.kind == .oomKilled, full.explanation)
            }
        }

        @Test(.needsControllers) func anOOMKillTakesTheWholeRunOrLeavesItPartial() async throws {
            let host = try await RunFixture.host()
            let helper = { (group: Bool) in
                shell("perl -e '\(Self.holding(256))' | cat; echo went on; exit 0") {
                    $0.limits.memory = .mebibytes(64)
                    $0.limits.oomGroup = group
                }
            }
            let whole = try await outcome(helper(true), on: host)
            #expect(whole.kind == .oomKilled, whole.explanation)
            #expect(whole.ending == .killedWithSandbox(signal: SIGKILL))
            #expect(!whole.report.verdict.partial)

            let alone = try await outcome(helper(false), on: host)
            #expect(alone.kind == .clean && alone.report.verdict.partial, alone.explanation)
            #expect(alone.lines == ["went on"])
            #expect(alone.evidence("memory.events", "oom_kill")?.after == 1)
        }

        @Test(.needsControllers) func forksBeyondTheLimitAreRefusedAndCounted() async throws {
            let host = try await RunFixture.host()
            let few = { (request: inout RunRequest) in request.limits.pids = 12 }
            // pid 1 and the program itself are two of them.
            let script = { (count: Int) in
                "for (1..\(count)) { my $p = fork; exit 7 unless defined $p; if (!$p) { sleep 1000 } } kill 9, -1; exit 0"
            }
            let fits = try await outcome(perl(script(10).replacing("kill 9, -1;", with: ""), few), on: host)
            #expect(fits.kind == .clean, fits.explanation)
            #expect(fits.report.usage.pidsPeak == 12)
            let bomb = try await outcome(perl(script(11), few), on: host)
            #expect(bomb.kind == .pidsExhausted, bomb.explanation)
            let evidence = try #require(bomb.evidence("pids.events", "max"))
            #expect(evidence.before == 0 && evidence.after == 1)
            #expect(bomb.report.verdict.exitCode == 7)
        }

        @Test(.needsControllers) func theProcessorQuotaThrottles() async throws {
            let host = try await RunFixture.host()
            let burn = "1 while (times)[0] < 0.2"
            let held = try await outcome(perl(burn) { $0.limits.cpu = cores("0.2") }, on: host)
            #expect(held.kind == .clean, held.explanation)
            #expect(try #require(held.report.usage.throttledMicroseconds) > 0)
            #expect(try #require(held.report.usage.cpuUserMicroseconds) > 0)
            let free = try await outcome(perl(burn) { $0.limits.cpu = cores("64") }, on: host)
            #expect(free.kind == .clean, free.explanation)
            #expect(free.report.usage.throttledMicroseconds == 0)
        }

        @Test(.needsControllers) func everyLimitIsInItsFileBeforeTheStart() async throws {
            let host = try await RunFixture.host()
            let texts = Mutex<[String: String]>([:])
            var wanted = shell("exit 0") {
                $0.limits.cpu = cores("0.5")
                $0.limits.cpuWeight = 50
                $0.limits.memory = .mebibytes(64)
                $0.limits.memoryHigh = .mebibytes(48)
                $0.limits.pids = 16
            }
            if RunFixture.controllers.contains("cpuset") { wanted.limits.cpuset = CPUList(parsing: "0") }
            let leaf = "\(host.tree.path)/tasks/test/\(wanted.taskID).1"
            let run = try await host.run(wanted) { _ in
                for name in Possessions.names(leaf) {
                    let text = try? BeneathDirectory(path: leaf).readText(name)
                    texts.withLock { $0[name] = text?.split(separator: "\n").first.map(String.init) }
                }
            }
            #expect(run.kind == .clean, run.explanation)
            let found = texts.withLock { $0 }
            #expect(found["cpu.max"] == "50000 100000")
            #expect(found["cpu.weight"] == "50")
            #expect(found["memory.max"] == "\(64 << 20)")
            #expect(found["memory.high"] == "\(48 << 20)")
            #expect(found["memory.oom.group"] == "1")
            #expect(found["memory.swap.max"] == nil || found["memory.swap.max"] == "0")
            #expect(found["pids.max"] == "16")
            if wanted.limits.cpuset != nil { #expect(found["cpuset.cpus"] == "0") }
        }

        @Test(
            .enabled(
                if: RunFixture.controllers.contains("io") && RunFixture.blockDevice != nil,
                "needs io and a block device"))
        func theDisksLimitIsSetAndReported() async throws {
            let host = try await RunFixture.host()
            let device = try #require(RunFixture.blockDevice)
            let text = Mutex("")
            let wanted = shell("exit 0") {
                $0.limits.io = [IOLimit(device: .path(device), readBytes: .mebibytes(1), writeOperations: 100)]
            }
            let leaf = "\(host.tree.path)/tasks/test/\(wanted.taskID).1"
            let run = try await host.run(wanted) { _ in
                let found = try? BeneathDirectory(path: leaf).readText("io.max")
                text.withLock { $0 = found ?? "" }
            }
            #expect(run.kind == .clean, run.explanation)
            #expect(run.report.enforcement.means[.io] == .cgroup)
            let line = text.withLock { $0 }
            #expect(line.contains("rbps=1048576 wbps=max riops=max wiops=100"))
            let none = try await outcome(shell("exit 0"), on: host)
            #expect(none.report.enforcement.means[.io] == .notRequested)

            let absent = try await refusal(
                shell("exit 0") { $0.limits.io = [IOLimit(device: .path("/dev/null"), readBytes: .mebibytes(1))] },
                on: host)
            #expect(absent?.code == .enforcement)
        }

        @Test func aDiskLimitOfATargetWithoutADiskIsRefused() async throws {
            let host = try await RunFixture.host()
            var template = Array("/dev/shm/scan-executor-XXXXXX".utf8CString)
            let made = try #require(mkdtemp(&template))
            let memory = String(cString: made)
            defer { rmdir(memory) }
            chmod(memory, 0o755)
            let control = try await outcome(shell("exit 0") { $0.target = memory }, on: host)
            #expect(control.kind == .clean, control.explanation)
            let refused = try await refusal(
                shell("exit 0") {
                    $0.target = memory
                    $0.limits.io = [IOLimit(device: .target, readBytes: .mebibytes(1))]
                }, on: host)
            #expect(refused?.code == .enforcement)
            #expect(refused?.message.contains("target") == true)
        }

        @Test(.needsControllers) func requireRunsWhereEveryLimitHolds() async throws {
            let strict = try await RunFixture.host { $0.enforcement = .require }
            let run = try await outcome(shell("exit 0"), on: strict)
            #expect(run.kind == .clean, run.explanation)
            #expect(run.report.enforcement.means[.cpu] == .cgroup)
            #expect(run.report.enforcement.means[.memory] == .cgroup)
            #expect(run.report.enforcement.means[.pids] == .cgroup)
        }

        @Test(.needsNoControllers) func requireRefusesToStartWithoutAController() async throws {
            let strict = try await RunFixture.host { $0.enforcement = .require }
            let refused = try await refusal(shell("exit 0"), on: strict)
            #expect(refused?.code == .enforcement)
            #expect(refused?.message.contains("best-effort") == true)
        }

        @Test(.needsNoControllers) func bestEffortRunsAndSaysWhatIsMissing() async throws {
            let host = try await RunFixture.host()
            let run = try await outcome(shell("exit 0"), on: host)
            #expect(run.kind == .clean, run.explanation)
            let enforcement = run.report.enforcement
            #expect(enforcement.means[.cpu] == Enforcement.Means.none)
            #expect(enforcement.means[.memory] == .rlimit)
            #expect(enforcement.means[.pids] == .rlimit)
            #expect(enforcement.means[.seccomp] == .kernel)
            #expect(
                enforcement.notes[.cpu] != nil && enforcement.notes[.memory] != nil && enforcement.notes[.pids] != nil)
            #expect(run.report.usage.memoryPeakBytes == nil && run.report.usage.pidsPeak == nil)
        }

        @Test(.needsNoControllers) func withoutTheMemoryControllerEachProcessIsHeld() async throws {
            let host = try await RunFixture.host()
            let small = { (request: inout RunRequest) in request.limits.memory = .mebibytes(64) }
            let fits = try await outcome(perl(Self.holding(16), small), on: host)
            #expect(fits.lines == ["\(16 << 20)"], fits.explanation)
            let hog = try await outcome(perl(Self.holding(512), small), on: host)
            #expect(hog.kind == .scannerError, hog.explanation)
            #expect(hog.report.output.stderr?.contains("Out of memory") == true)
        }

        @Test(.needsNoControllers) func withoutThePIDsControllerTheRunsUserIsHeld() async throws {
            let host = try await RunFixture.host()
            let script =
                "my $n = 0; for (1..40) { my $p = fork; last unless defined $p; if (!$p) { sleep 1000 } $n++ } print qq($n\\n)"
            let held = try await outcome(perl(script) { $0.limits.pids = 12 }, on: host)
            #expect(held.lines == ["10"], held.explanation)
            let free = try await outcome(perl(script) { $0.limits.pids = 64 }, on: host)
            #expect(free.lines == ["40"], free.explanation)
        }

        @Test func openFilesAndFileSizesAreLimited() async throws {
            let host = try await RunFixture.host()
            let limited = try await outcome(
                shell(
                    "ulimit -n; ulimit -c; ulimit -l; head -c 300000 /dev/zero >/tmp/a; head -c 90000 /dev/zero >/tmp/b; stat -c %s /tmp/b"
                ) {
                    $0.limits.openFiles = 99
                    $0.limits.fileSize = .kibibytes(100)
                }, on: host)
            #expect(limited.lines.prefix(3) == ["99", "0", "64"], limited.explanation)
            #expect(limited.lines.last == "90000", limited.explanation)
            #expect(
                limited.report.output.stderr?.contains("File size limit exceeded") == true
                    || limited.report.output.stderr?.contains("File too large") == true, limited.explanation)
        }
    }
}
