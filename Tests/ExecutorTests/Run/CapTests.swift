import CgroupV2
import ProcessSupervisor
import Synchronization
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// Caps over several runs, on a real kernel: two runs that each keep their own limit and together do not fit.
    @Suite struct CapTests {
        /// A host with a cgroup root of its own, so that no cap stays for other tests.
        private func withHost(
            _ caps: HostCaps?, _ mode: HostSettings.EnforcementMode = .bestEffort,
            _ body: (SandboxHost) async throws -> Void
        ) async throws {
            let host = try await RunFixture.host {
                $0.cgroupRoot = "\($0.cgroupRoot ?? "")-\(RunFixture.uniqueName("caps"))"
                $0.caps = caps
                $0.enforcement = mode
            }
            defer { host.tree.dismantle() }
            try await body(host)
        }

        private func holder(_ type: String, _ mebibytes: Int, then: String) -> RunRequest {
            // Each piece is its own, and written.
            perl("my @x; push @x, chr(97 + $_ % 26) x (1 << 20) for 1..\(mebibytes); \(then)") {
                $0.type = type
                $0.limits.memory = .mebibytes(80)
            }
        }

        /// A run that has reached `isThere`, for as long as `body` takes; then it is cancelled.
        private func beside(
            _ request: RunRequest, on host: SandboxHost, until isThere: @escaping @Sendable (LiveUsage) -> Bool,
            _ body: () async throws -> RunOutcome
        ) async throws -> (standing: RunOutcome, other: RunOutcome) {
            let cancellation = Cancellation()
            let (started, announce) = AsyncStream<@Sendable () -> LiveUsage>.makeStream()
            async let standing = host.run(request, cancellation: cancellation) { announce.yield($0) }
            var iterator = started.makeAsyncIterator()
            let live = try #require(await iterator.next())
            let end = ContinuousClock.now + .seconds(120)
            while !isThere(live()) {
                try #require(ContinuousClock.now < end, "the first run did not get so far")
                try await Task.sleep(for: .milliseconds(5))
            }
            let other: RunOutcome
            do { other = try await body() } catch {
                cancellation.cancel()
                throw error
            }
            cancellation.cancel()
            return (try await standing, other)
        }

        /// Two runs of the types, of which the first holds 40 MiB and the second wants 70.
        private func memory(_ types: (String, String), _ caps: HostCaps?) async throws -> (RunOutcome, RunOutcome) {
            var outcomes: (standing: RunOutcome, other: RunOutcome)?
            try await withHost(caps) { host in
                outcomes = try await beside(
                    holder(types.0, 40, then: "sleep 100000"), on: host,
                    until: { ($0.memory ?? .bytes(0)) > .mebibytes(40) },
                    { try await host.run(holder(types.1, 70, then: "exit 0")) })
            }
            return try #require(outcomes)
        }

        @Test(.needsControllers) func twoScansOfATypeShareItsMemory() async throws {
            let capped = HostCaps(types: ["shared": AggregateCaps(memory: .mebibytes(96))])
            let (first, second) = try await memory(("shared", "shared"), capped)
            #expect(second.kind == .oomKilled, second.explanation)
            let evidence = try #require(second.evidence("memory.events.local of tasks/shared", "oom"))
            #expect(
                evidence.text
                    == "the cap of all shared scans together, 96MiB, was reached, and not this run's own limit")
            #expect(try #require(evidence.after) > evidence.before ?? .max)
            #expect(try #require(second.report.usage.memoryPeakBytes) < 80 << 20)
            #expect(second.report.limits.typeCaps == capped.types["shared"] && second.report.limits.allCaps == nil)
            // The smaller one was spared.
            #expect(first.kind == .cancelled && first.report.usage.oomKills == 0, first.explanation)

            let (_, free) = try await memory(("shared", "shared"), nil)
            #expect(free.kind == .clean, free.explanation)
            #expect(free.report.limits.typeCaps == nil)
            let (_, stranger) = try await memory(("shared", "stranger"), capped)
            #expect(stranger.kind == .clean, stranger.explanation)
        }

        @Test(.needsControllers) func scansOfTwoTypesShareTheCapOfAll() async throws {
            let (first, second) = try await memory(("one", "two"), HostCaps(all: AggregateCaps(memory: .mebibytes(96))))
            #expect(second.kind == .oomKilled, second.explanation)
            #expect(second.evidence("memory.events.local of tasks", "oom") != nil, second.explanation)
            #expect(first.kind == .cancelled && first.report.usage.oomKills == 0, first.explanation)
        }

        @Test(.needsControllers) func aRunOverItsOwnLimitDoesNotBlameTheCap() async throws {
            try await withHost(HostCaps(types: ["shared": AggregateCaps(memory: .mebibytes(128))])) { host in
                let hog = try await host.run(holder("shared", 100, then: "exit 0"))
                #expect(hog.kind == .oomKilled, hog.explanation)
                #expect(hog.evidence("memory.events.local of tasks/shared", "oom") == nil, hog.explanation)
            }
        }

        @Test(.needsControllers) func twoScansOfATypeShareItsProcesses() async throws {
            // With pid 1 and the program itself, each has eight.
            let script = { (then: String) in
                "for (1..6) { my $p = fork; exit 7 unless defined $p; if (!$p) { sleep 100000 } } \(then)"
            }
            let few = { (request: inout RunRequest) in
                request.type = "shared"
                request.limits.pids = 10
            }
            for cap in [12, nil] {
                let caps = HostCaps(types: ["shared": AggregateCaps(pids: cap)])
                try await withHost(caps) { host in
                    let (first, second) = try await beside(
                        perl(script("sleep 100000"), few), on: host, until: { $0.tasks == 8 },
                        { try await host.run(perl(script("exit 0"), few)) })
                    #expect(first.kind == .cancelled, first.explanation)
                    if cap == nil {
                        #expect(second.kind == .clean, second.explanation)
                        return
                    }
                    #expect(second.kind == .pidsExhausted, second.explanation)
                    #expect(second.report.verdict.exitCode == 7)
                    let text = second.report.verdict.evidence.map(\.text).joined(separator: "; ")
                    #expect(
                        text.contains("the cap") && text.contains("all shared scans together, 12"), second.explanation)
                }
            }
        }

        @Test(.needsControllers) func twoScansOfATypeShareItsProcessorTime() async throws {
            for cap in [cores("0.2"), nil] {
                try await withHost(HostCaps(types: ["shared": AggregateCaps(cpu: cap)])) { host in
                    let burn = perl("1 while (times)[0] < 0.2") { $0.type = "shared" }
                    var other = burn
                    other.taskID = RunFixture.uniqueName("task")
                    async let first = host.run(burn)
                    async let second = host.run(other)
                    for run in [try await first, try await second] {
                        #expect(run.kind == .clean, run.explanation)
                        // Their own quota, of four cores, held nobody back.
                        #expect(run.report.usage.throttledMicroseconds == 0)
                    }
                    let text = try BeneathDirectory(path: "\(host.tree.path)/tasks/shared").readText("cpu.stat")
                    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("nr_throttled ") })
                    #expect((line == "nr_throttled 0") == (cap == nil), "\(text)")
                }
            }
        }

        @Test(.needsControllers) func anotherConfigurationsCapsAreReplacedOrLifted() async throws {
            try await withHost(
                HostCaps(all: AggregateCaps(pids: 500), types: ["shared": AggregateCaps(cpu: cores("2"), pids: 100)])
            ) { first in
                func text(_ name: String) -> String? {
                    try? BeneathDirectory(path: "\(first.tree.path)/tasks").readText(name).split(separator: "\n").first
                        .map(String.init)
                }
                #expect(text("pids.max") == "500" && text("shared/pids.max") == "100")
                #expect(text("shared/cpu.max") == "200000 100000" && text("shared/memory.max") == "max")
                let root = first.tree.path
                // One that knows of no caps leaves them.
                _ = try await RunFixture.host { $0.cgroupRoot = root }.run(shell("exit 0") { $0.type = "shared" })
                #expect(text("pids.max") == "500" && text("shared/pids.max") == "100")
                let second = try await RunFixture.host {
                    $0.cgroupRoot = root
                    $0.caps = HostCaps(all: AggregateCaps(pids: 600))
                }
                #expect(text("pids.max") == "600")
                let run = try await second.run(shell("exit 0") { $0.type = "shared" })
                #expect(run.kind == .clean, run.explanation)
                #expect(text("shared/pids.max") == "max" && text("shared/cpu.max") == "max 100000")
            }
        }

        @Test(.needsControllers) func requireTakesCapsThatHold() async throws {
            let caps = HostCaps(all: AggregateCaps(memory: .mebibytes(512)), types: ["test": AggregateCaps(pids: 100)])
            try await withHost(caps, .require) { host in
                let run = try await host.run(shell("exit 0"))
                #expect(run.kind == .clean && run.report.limits.allCaps == caps.all, run.explanation)
                #expect(run.report.enforcement.notes[.pids] == nil)
            }
        }

        @Test(.needsNoControllers) func aCapThatCannotHoldStopsEverythingOrIsNoted() async throws {
            let caps = HostCaps(all: AggregateCaps(memory: .mebibytes(512)), types: ["test": AggregateCaps(pids: 100)])
            let error = await #expect(throws: ExecutorError.self) { try await withHost(caps, .require) { _ in } }
            #expect(error?.code == .enforcement)
            #expect(error?.message.contains("memory.max of all scans together cannot be enforced") == true)
            try await withHost(caps) { host in
                let run = try await host.run(shell("exit 0"))
                #expect(run.kind == .clean, run.explanation)
                let notes = run.report.enforcement.notes
                #expect(
                    notes[.memory]?.contains("the cap of all scans together, 536870912 in memory.max, is not enforced")
                        == true)
                #expect(
                    notes[.pids]?.contains("the cap of all test scans together, 100 in pids.max, is not enforced")
                        == true)
                let other = try await host.run(shell("exit 0") { $0.type = "other" })
                #expect(other.report.enforcement.notes[.pids]?.contains("the cap of all test") == false)
            }
        }
    }
}
