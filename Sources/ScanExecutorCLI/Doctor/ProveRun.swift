import Executor

/// `doctor --prove` as it is carried out.
struct ProveRun {
    private let settings: OperatorSettings
    private let probe: String?
    private let attacks: [Attack]
    private let isPartial: Bool
    private let json: Bool

    init(_ settings: OperatorSettings, probe: String?, only: [String], json: Bool) throws {
        self.settings = settings
        self.probe = probe ?? ProbeProgram.standardPath(executable: Installation.executable)
        self.json = json
        let known = Set(Attack.catalogue.map(\.name))
        if let unknown = only.first(where: { !known.contains($0) }) {
            throw InputError(
                "there is no attack \(unknown); docs/proof.md lists them, and doctor --prove runs them all")
        }
        isPartial = !only.isEmpty
        attacks = isPartial ? Attack.catalogue.filter { only.contains($0.name) } : Attack.catalogue
    }

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus {
        guard let probe else {
            throw ExecutorError(
                .command,
                "scan-probe is neither beside this program nor installed with it; build it with swift build --product scan-probe, or name it with --probe"
            )
        }
        let program = try ProbeProgram(path: probe)
        var own = settings.hostSettings
        // What is missing is a result here, and this is what makes the proof.
        own.enforcement = .bestEffort
        own.requireProof = false
        // An attack of our own is no run of anybody's.
        own.audit = nil
        let host = try await RunHost.prepare(own, isQuiet: json)
        let prover = Prover(host: host, probe: program)
        let proof: Proof
        do {
            let prints = !json
            proof = try await prover.prove(attacks, cancellation: interrupts.cancellation) { result in
                if prints { StandardStreams.output.write(result.lines.map { $0 + "\n" }.joined()) }
            }
        } catch is CancellationError {
            interrupts.runIsOver()
            return interrupts.first.map(ExitStatus.signal) ?? .tryAgain
        }
        interrupts.runIsOver()
        if !isPartial { try proof.record(stateDirectory: own.stateDirectory, probe: program) }
        return show(proof)
    }

    private func show(_ proof: Proof) -> ExitStatus {
        let problem = proof.problem(of: attacks, under: settings.enforcement)
        let output = StandardStreams.output
        if json {
            output.write(proof.json(pretty: output.isTerminal) + "\n")
        } else {
            output.write("\(proof.summary): \(problem ?? "all that this host has holds")\n")
            if !isPartial { output.write("proof \(proof.sha256)\n") }
        }
        return problem == nil ? .success : .unavailable
    }
}
