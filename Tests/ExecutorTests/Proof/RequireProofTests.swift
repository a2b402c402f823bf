import Glibc
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// A run that demands a proof starts with a valid one, and not otherwise.
    @Suite struct RequireProofTests {
        /// A host that demands one, with a state directory of its own.
        private func demanding(
            _ directory: TestDirectory, _ mode: HostSettings.EnforcementMode = .bestEffort
        ) async throws -> SandboxHost {
            try await RunFixture.host {
                $0.stateDirectory = "\(directory.path)/state"
                $0.requireProof = true
                $0.enforcement = mode
                $0.firstUID += 1000
            }
        }

        private func refusalText(_ host: SandboxHost) async throws -> String? {
            let refused = try await refusal(shell("exit 0"), on: host)
            if let refused {
                #expect([.enforcement, .host].contains(refused.code))
                #expect(refused.message.contains("doctor --prove"))
            }
            return refused?.message
        }

        @Test func withoutAProofNothingStarts() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            #expect(try await refusalText(host)?.contains("there is none") == true)
        }

        @Test func withAValidProofRunsStart() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            try await ProofFixture.invented(on: host)
                .record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            let run = try await host.run(shell("exit 0"))
            #expect(run.kind == .clean, run.explanation)

            try directory.file("state/proof.json", "{}")
            #expect(try await refusalText(host)?.contains("altered") == true)
        }

        @Test func aFailedAttackStopsRuns() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            try await ProofFixture.invented(on: host) { $0.name == "mount" ? .failed : .held }
                .record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            #expect(try await refusalText(host)?.contains("mount did not hold") == true)
        }

        @Test func whatIsNotEnforcedIsAllowedUnderBestEffortAlone() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            try await ProofFixture.invented(on: host) { $0.name == "memory-bomb" ? .notEnforced : .held }
                .record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            let run = try await host.run(shell("exit 0"))
            #expect(run.kind == .clean, run.explanation)
            let strict = try await demanding(directory, .require)
            #expect(try await refusalText(strict)?.contains("memory-bomb is not enforced") == true)
        }

        @Test func anotherFilterMakesAProofVoid() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            var proof = try await ProofFixture.invented(on: host)
            proof.facts.filterSHA256 = String(repeating: "0", count: 64)
            try proof.record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            #expect(try await refusalText(host)?.contains("seccomp profile") == true)
            proof = try await ProofFixture.invented(on: host)
            proof.facts.landlockABI = 99
            try proof.record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            #expect(try await refusalText(host)?.contains("Landlock") == true)
        }

        /// A valid proof is about two filters that refuse, and about nothing else.
        @Test func onlyAFilterThatWasAttackedIsCovered() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            let proof = try await ProofFixture.invented(on: host)
            try proof.record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            var request = shell("exit 0")
            request.seccomp = "network"
            #expect(try await host.run(request).kind == .clean)

            request.seccomp = "own"
            let other = try #require(try await refusal(request, on: host))
            #expect(other.code == .enforcement && other.message.contains("seccomp profile own is not one"))

            request.seccomp = "default"
            request.logsRefusals = true
            let logging = try #require(try await refusal(request, on: host))
            #expect(logging.code == .enforcement && logging.message.contains("--seccomp-log"))
        }

        @Test func anotherNetworkFilterMakesAProofVoidForItsRuns() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            var proof = try await ProofFixture.invented(on: host)
            proof.facts.networkFilterSHA256 = String(repeating: "0", count: 64)
            try proof.record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            var request = shell("exit 0")
            #expect(try await host.run(request).kind == .clean)
            request.seccomp = "network"
            #expect(try await refusal(request, on: host)?.message.contains("network has changed") == true)
        }

        @Test func aControllerThatIsGoneMakesAProofVoid() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            var proof = try await ProofFixture.invented(on: host)
            proof.facts.controllers.append("lost")
            try proof.record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            #expect(try await refusalText(host)?.contains("the lost controller") == true)
        }

        @Test func whatTheProverRecordsIsWhatIsDemanded() async throws {
            let directory = try TestDirectory()
            let host = try await demanding(directory)
            let proof = try await ProofFixture.proof()
            try proof.record(stateDirectory: host.settings.stateDirectory, probe: try ProofFixture.probe.get())
            let run = try await host.run(shell("exit 0"))
            #expect(run.kind == .clean, run.explanation)
        }
    }
}
