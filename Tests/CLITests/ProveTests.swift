import Glibc
import SystemSupport
import Testing

@testable import Executor

/// `doctor --prove`, and the runs that demand it.
extension SandboxTests {
    @Suite struct ProveTests {
        /// A state directory of the test's own, so that no other's proof is taken or left.
        private func prove(
            _ workspace: Workspace, _ options: String..., enforcement: String? = nil
        ) throws -> Tool.Finished {
            var environment = ["SCAN_EXECUTOR_STATE_DIR": "\(workspace.path)/state"]
            if let enforcement { environment["SCAN_EXECUTOR_ENFORCEMENT"] = enforcement }
            return try Tool.run(["doctor", "--prove"] + options, environment: environment)
        }

        @Test func theWholeProofIsPrintedKeptAndDemanded() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "exit 0")
            let state = ["SCAN_EXECUTOR_STATE_DIR": "\(workspace.path)/state"]
            let scan = ["scan", "tool", workspace.target, "--profiles", workspace.profiles, "--quiet"]
            let before = try Tool.run(scan + ["--require-proof"], environment: state)
            #expect(before.status == 69)
            #expect(before.stderr.contains("run scan-executor doctor --prove"))

            let proved = try prove(workspace, "--json")
            // Under the mode that fits this side: see Tool.start.
            #expect(proved.status == 0, "\(proved.stdout.suffix(2000))\n\(proved.stderr)")
            #expect(proved.stdout.split(separator: "\n").count == 1)
            #expect(proved.stdout.contains("\"schema\":\"scan-executor/proof/1\""))
            for attack in Attack.catalogue { #expect(proved.stdout.contains("{\"name\":\"\(attack.name)\"")) }
            let recorded = try #require(try Proof.recorded(stateDirectory: "\(workspace.path)/state"))
            #expect(recorded.problem() == nil)
            #expect(proved.stdout.contains("\"sha256\":\"\(recorded.sha256)\""))
            #expect(TestHost.leaves.isEmpty)

            #expect(try Tool.run(scan + ["--require-proof"], environment: state).status == 0)
            let demanding = state.merging(["SCAN_EXECUTOR_REQUIRE_PROOF": "true"]) { $1 }
            #expect(try Tool.run(scan, environment: demanding).status == 0)
            #expect(try Tool.run(["exec", "--quiet", "--", "true"], environment: demanding).status == 0)
            try workspace.write("{}", to: "state/proof.json")
            #expect(try Tool.run(scan, environment: demanding).status == 69)
            #expect(try Tool.run(scan, environment: state).status == 0)
        }

        @Test func aFewAttacksArePrintedAsATableAndNotKept() throws {
            let workspace = try Workspace()
            let proved = try prove(workspace, "--only", "ptrace", "output-fifo", "--enforcement", "best-effort")
            #expect(proved.status == 0)
            let lines = proved.stdout.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.first?.hasPrefix("held           escape     ptrace ") == true)
            #expect(lines.last?.hasPrefix("2 held, 0 failed, 0 not enforced, 0 not applicable") == true)
            #expect(!workspace.exists("state/proof.json"))
        }

        @Test(.needsNoControllers) func whatIsNotEnforcedFailsUnderRequireAlone() throws {
            let workspace = try Workspace()
            let strict = try prove(workspace, "--only", "memory-bomb", enforcement: "require")
            #expect(strict.status == 69)
            #expect(strict.stdout.contains("not enforced   resources  memory-bomb"))
            #expect(strict.stdout.contains("why: the memory controller"))
            #expect(try prove(workspace, "--only", "memory-bomb", enforcement: "best-effort").status == 0)
        }

        @Test(.needsControllers) func aLimitIsProvedByItsCounterUnderRequire() throws {
            let workspace = try Workspace()
            let strict = try prove(workspace, "--only", "memory-bomb", "fork-bomb", enforcement: "require")
            #expect(strict.status == 0)
            #expect(strict.stdout.contains("2 held"))
        }

        @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsAProofAndLeavesNothing(_ signal: CInt) throws {
            let workspace = try Workspace()
            let planted = { ((try? BeneathDirectory(path: "/var/tmp").entryNames()) ?? []).sorted() }
            let before = planted()
            let running = try Tool.start(
                ["doctor", "--prove", "--enforcement", "best-effort"],
                environment: ["SCAN_EXECUTOR_STATE_DIR": "\(workspace.path)/state"])
            // The first result is there, so that the next attack is on its way.
            #expect(running.waitForOutput("\n"))
            running.signal(signal)
            #expect(running.finish().status == 128 + signal)
            #expect(TestHost.leaves.isEmpty)
            #expect(planted() == before)
            #expect(!workspace.exists("state/proof.d") && !workspace.exists("state/proof.json"))
        }

        @Test func aSignalEndsDoctorInGoodOrder() throws {
            // Blocked from before its first instruction, so that the signal waits until it is taken.
            var interrupt = sigset_t()
            var before = sigset_t()
            sigemptyset(&interrupt)
            sigaddset(&interrupt, SIGINT)
            pthread_sigmask(SIG_BLOCK, &interrupt, &before)
            defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
            let running = try Tool.start(["doctor"])
            running.signal(SIGINT)
            let finished = running.finish()
            #expect(finished.status == 128 + SIGINT)
            #expect(finished.stdout.isEmpty)
            #expect(TestHost.leaves.isEmpty)
        }
    }
}

@Suite struct ProveUsageTests {
    @Test(arguments: [["--prove", "--only", "no-such-attack"], ["--only", "ptrace"], ["--probe", "/bin/true"]])
    func wrongWordsAreUsage(_ words: [String]) throws {
        let finished = try Tool.run(["doctor"] + words)
        #expect(finished.status == 64)
        #expect(finished.stderr.contains("attack") || finished.stderr.contains("--prove"))
    }

    @Test func aMissingProbeIsNamed() throws {
        let finished = try Tool.run("doctor", "--prove", "--probe", "/nowhere/scan-probe")
        #expect(finished.status == 69)
        #expect(finished.stderr.contains("/nowhere/scan-probe") && finished.stderr.contains("--probe"))
    }

    @Test func aWrongValueOfTheVariableIsNamed() throws {
        let finished = try Tool.run("doctor", environment: ["SCAN_EXECUTOR_REQUIRE_PROOF": "perhaps"])
        #expect(finished.status == 78)
        #expect(finished.stderr.contains("SCAN_EXECUTOR_REQUIRE_PROOF"))
    }
}
