import Glibc
import SystemSupport
import Testing

@testable import Executor

/// The probe, and one proof of this side by the real prover that all tests look at.
enum ProofFixture {
    static let probePath =
        (getenv("SCAN_EXECUTOR_TEST_BINARY").map { String(cString: $0) } ?? "\(RunFixture.project)/.build/debug/x")
        .split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/scan-probe"

    /// Hashing it takes a second or two in a debug build.
    static let probe = Result { () throws(ExecutorError) in try ProbeProgram(path: probePath) }

    private static let made = Task { () async throws -> Proof in try await prove(Attack.catalogue) }

    /// Of the whole catalogue.
    static func proof() async throws -> Proof { try await made.value }

    static func prove(_ attacks: [Attack], on host: SandboxHost? = nil) async throws -> Proof {
        let prover = Prover(host: try await own(host), probe: try probe.get())
        return try await prover.prove(attacks)
    }

    private static func own(_ host: SandboxHost?) async throws -> SandboxHost {
        if let host { return host }
        return try await RunFixture.host()
    }

    static func attacks(_ names: String...) -> [Attack] { Attack.catalogue.filter { names.contains($0.name) } }

    /// A proof of this host in which everything came out as `outcome` says. No attack was run for it.
    static func invented(
        on host: SandboxHost, _ outcome: (Attack) -> AttackResult.Outcome = { _ in .held }
    ) async throws -> Proof {
        let facts = try await ProofFacts.current(
            of: host, probe: try probe.get(), try host.tree.features().enabledControllers)
        return Proof(
            facts: facts,
            results: Attack.catalogue.map { attack in
                let result = outcome(attack)
                return AttackResult(
                    name: attack.name, family: attack.family, guarantee: attack.guarantee, outcome: result,
                    reason: result == .held ? nil : "so the test says", controlHolds: true, observed: "")
            })
    }
}

/// What one process of the host prints.
func output(of program: String, _ arguments: [String]) throws -> String {
    let pipe = try OwnedDescriptor.pipe()
    let process = try HostProcess(program, arguments, standardOutput: pipe.writeEnd.raw)
    let reader = pipe.readEnd
    _ = consume pipe.writeEnd
    let bytes = try reader.readAll(limit: 1 << 20, object: program)
    #expect(process.wait() == 0)
    return String(decoding: bytes, as: UTF8.self)
}
