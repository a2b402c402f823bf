import CgroupV2
import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// The whole catalogue on a real kernel. Over both sides each attack that needs a controller is held where there is one.
    @Suite struct AttackTests {
        /// What kernels may lack. Anything else must be tried.
        static let optional: Set = [
            "process-vm", "pidfd-getfd", "bpf", "perf-event-open", "userfaultfd", "kexec-load", "kexec-file-load",
            "init-module", "finit-module", "add-key", "keyctl", "io-uring", "int80", "x32", "packet-socket",
            "netlink-socket", "vsock", "task-sysv-ipc", "task-message-queues", "task-keys",
        ]

        @Test(arguments: Attack.catalogue.map(\.name)) func attackIsHeldAndItsControlIsAllowed(_ name: String)
            async throws
        {
            let attack = try #require(Attack.catalogue.first { $0.name == name })
            let proof = try await ProofFixture.proof()
            let result = try #require(proof.results.first { $0.name == name })
            let comment: Comment = "\(result.reason ?? ""); seen: \(result.observed)"
            #expect(result.controlHolds, comment)
            let lacksController = attack.needs.contains { !RunFixture.controllers.contains($0.rawValue) }
            switch result.outcome {
            case .held: #expect(!lacksController, comment)
            case .notEnforced: #expect(lacksController, comment)
            case .notApplicable: #expect(Self.optional.contains(name), comment)
            case .failed: Issue.record(comment)
            }
        }

        @Test func theWholeProofLeavesNothing() async throws {
            // What all proofs share is there by then.
            _ = try await ProofFixture.proof()
            let host = try await RunFixture.host()
            let before = Possessions.now(of: host)
            let files = Possessions.names("/var/tmp") + Possessions.names(host.settings.stateDirectory)
            _ = try await ProofFixture.prove(
                ProofFixture.attacks("double-fork", "setuid-binary", "tiocsti", "output-swap", "task-processes"))
            let leaks = try await Possessions.leaks(of: host, since: before)
            #expect(leaks == [])
            #expect(Possessions.names("/var/tmp") + Possessions.names(host.settings.stateDirectory) == files)
        }

        /// Of the families that are quick.
        @Test func theSameResultHasTheSameHash() async throws {
            let whole = try await ProofFixture.proof()
            let families: Set<Attack.Family> = [.escape, .tasks]
            let attacks = Attack.catalogue.filter { families.contains($0.family) }
            let again = try await ProofFixture.prove(attacks)
            var part = whole
            part.results = whole.results.filter { families.contains($0.family) }
            #expect(again.canonical == part.canonical)
            #expect(again.sha256 == part.sha256)
            #expect(again.sha256 != whole.sha256)
        }

        /// The filter answers before the kernel looks, so that these are held on kernels without the feature too. On a kernel that
        /// has it they are part of the proof.
        @Test(arguments: ["kexec-load", "kexec-file-load", "init-module", "finit-module", "x32"])
        func theFilterKillsForWhatTheKernelMayLack(_ name: String) async throws {
            let result = try await resultWhateverTheKernel(name)
            #expect(result.outcome == .held, "\(result.reason ?? ""); seen: \(result.observed)")
        }

        /// Under User-mode Linux the door of 32 bits is the outer kernel's, and the guest sees a fault.
        @Test(.enabled(if: !RunFixture.isUserModeLinux, "needs a kernel of its own hardware"))
        func theFilterKillsForTheDoorOf32Bits() async throws {
            let result = try await resultWhateverTheKernel("int80")
            #expect(result.outcome == .held, "\(result.reason ?? ""); seen: \(result.observed)")
        }

        private func resultWhateverTheKernel(_ name: String) async throws -> AttackResult {
            let host = try await RunFixture.host()
            let field = try ProofField(try ProofFixture.probe.get(), stateDirectory: host.settings.stateDirectory)
            defer { field.remove() }
            let session = ProofSession(
                host: host, field: field, absent: [], controllers: [], cancellation: .init())
            let attack = try #require(Attack.catalogue.first { $0.name == name })
            return try await session.result(of: attack, holder: nil)
        }

        /// A host whose filter lets everything through.
        private func withoutFilter(_ directory: TestDirectory) async throws -> SandboxHost {
            for name in [ProofFacts.filterName, ProofFacts.networkFilterName] {
                try directory.file("\(name).yaml", "name: \(name)\ndefault: allow\n")
            }
            return try await RunFixture.host {
                $0.seccompDirectories = [directory.path]
                $0.filterCache = nil
                $0.stateDirectory = "\(directory.path)/state"
                $0.firstUID += 1000
            }
        }

        /// Whether the kernel itself lets a process type into its controlling terminal; from Linux 6.2 that can be switched off.
        static var typesIntoTerminals: Bool {
            let text = try? BeneathDirectory(path: "/proc/sys/dev/tty").readText("legacy_tiocsti")
            return text.map { $0.first == "1" } ?? true
        }

        /// What the prover is worth: it must say what no longer holds.
        @Test func aSandboxWithoutItsFilterFails() async throws {
            let directory = try TestDirectory()
            let names = [
                "ptrace", "process-vm", "unshare-user", "clone-user", "io-uring", "inet-socket", "netlink-socket",
                "tioclinux", "keyctl", "init-module", "tiocsti",
            ]
            let proof = try await ProofFixture.prove(
                Attack.catalogue.filter { names.contains($0.name) }, on: try await withoutFilter(directory))
            for result in proof.results where result.outcome != .notApplicable {
                #expect(result.outcome == .failed, "\(result.name): \(result.observed)")
                #expect(result.controlHolds)
                if result.name == "tiocsti" && Self.typesIntoTerminals {
                    #expect(result.observed.hasPrefix("succeeded"), "\(result.observed)")
                }
            }
            #expect(!proof.holds(under: .bestEffort))
        }

        /// The filter is one wall of several: namespaces, mounts, the uid and no_new_privs hold these by themselves. The other run
        /// has then really planted System V memory and a key.
        @Test func manyAttacksAreHeldWithoutTheFilterToo() async throws {
            let directory = try TestDirectory()
            let names = [
                "mount", "pivot-root", "setuid-binary", "file-capabilities", "become-root", "host-files", "host-writes",
                "host-process", "abstract-socket", "worker-descriptors", "launcher-overwrite", "cgroupfs",
            ]
            let proof = try await ProofFixture.prove(
                Attack.catalogue.filter { names.contains($0.name) || $0.family == .tasks },
                on: try await withoutFilter(directory))
            #expect(proof.results.count == names.count + Attack.tasks.count)
            for result in proof.results where result.outcome != .notApplicable {
                #expect(result.outcome == .held, "\(result.name): \(result.reason ?? ""); seen: \(result.observed)")
            }
        }

        /// /run is often mounted so. A copy that could not be executed would make its attack fail.
        @Test func theProgramsAreExecutedWhateverTheStateDirectoryIsMountedWith() async throws {
            let state = try MountedTmpfs(size: "size=16m")
            let flags = UInt(MS_REMOUNT | MS_NOEXEC | MS_NOSUID)
            try #require(mount(nil, state.path, nil, flags, nil) == 0)
            let host = try await RunFixture.host {
                $0.stateDirectory = state.path
                $0.firstUID += 1000
            }
            let proof = try await ProofFixture.prove(
                ProofFixture.attacks("setuid-binary", "file-capabilities"), on: host)
            #expect(proof.results.map(\.outcome) == [.held, .held], "\(proof.results.map { $0.reason ?? "" })")
            #expect(Possessions.names("\(state.path)/proof.d") == [])
            withExtendedLifetime(state) {}
        }

        /// Neither attack nor control is run where what both need is not there.
        @Test func anObstacleIsNoFailure() async throws {
            let attack = Attack(
                "ptrace", .escape, "None.", obstacle: { _ in "the test says so" }, expects: { _ in "it was run" },
                controlExpects: { _ in "the control was run" })
            let result = try #require(try await ProofFixture.prove([attack]).results.first)
            #expect(result.outcome == .notApplicable && result.reason == "the test says so")
            #expect(!result.controlHolds)
        }

        @Test func twoProofsAtATimeAreRefused() async throws {
            let host = try await RunFixture.host()
            let field = try ProofField(try ProofFixture.probe.get(), stateDirectory: host.settings.stateDirectory)
            defer { field.remove() }
            await #expect(throws: ExecutorError.self) {
                _ = try await ProofFixture.prove(ProofFixture.attacks("ptrace"))
            }
        }

        @Test func aCancelledProofLeavesNothing() async throws {
            let host = try await RunFixture.host()
            _ = try await ProofFixture.proof()
            let before = Possessions.now(of: host)
            let prover = Prover(host: host, probe: try ProofFixture.probe.get())
            let cancellation = Cancellation()
            await #expect(throws: CancellationError.self) {
                // The holder of the tasks family runs then.
                _ = try await prover.prove(ProofFixture.attacks("task-files", "task-keys"), cancellation: cancellation)
                { _ in
                    cancellation.cancel()
                }
            }
            let leaks = try await Possessions.leaks(of: host, since: before)
            #expect(leaks == [], "\(leaks)")
            #expect(Possessions.names("\(host.settings.stateDirectory)/proof.d") == [])
        }
    }
}
