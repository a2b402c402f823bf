import CgroupV2

extension SandboxHost {
    /// Throws where this host's proof is missing, is of another boot, kernel, program or filter, or did not hold; and where it
    /// says nothing of `request`, whose filter is none that was attacked, or refuses nothing.
    ///
    /// Looked at before every run: a proof may be made, or become void, while a worker lives.
    func checkProof(for request: RunRequest) async throws(ExecutorError) {
        guard let recorded = try Proof.recorded(stateDirectory: settings.stateDirectory) else {
            throw Self.unproved("there is none in \(settings.stateDirectory)")
        }
        if let problem = recorded.problem() { throw Self.unproved(problem) }
        if recorded.proof.facts.landlockABI != landlockABI { throw Self.unproved("it is of another Landlock") }
        let facts = recorded.proof.facts
        if request.logsRefusals {
            throw Self.uncovered(
                "this run's filter only logs what it would refuse, which no proof covers: run it without --seccomp-log")
        }
        guard let proved = facts.filterSHA256(named: request.seccomp) else {
            throw Self.uncovered(
                "the seccomp profile \(TerminalText.line(request.seccomp)) is not one that doctor --prove attacks: "
                    + "use \(ProofFacts.filterName) or \(ProofFacts.networkFilterName)")
        }
        if try await filter(request.seccomp, .enforce).sha256 != proved {
            throw Self.unproved("the seccomp profile \(request.seccomp) has changed since")
        }
        if let lost = try lostController(of: facts) {
            throw Self.unproved("it was made with the \(TerminalText.line(lost)) controller, which this root lacks")
        }
        if let problem = recorded.proof.problem(under: settings.enforcement) { throw Self.unproved(problem) }
    }

    /// A controller whose limits were proved, and which runs of this host do not have. One more than was proved takes nothing away.
    private func lostController(of facts: ProofFacts) throws(ExecutorError) -> String? {
        do {
            let enabled = Set(try tree.features().enabledControllers.map(\.rawValue))
            return facts.controllers.first { !enabled.contains($0) }
        } catch { throw ExecutorError(explaining: error) }
    }

    private static func uncovered(_ reason: String) -> ExecutorError {
        ExecutorError(.enforcement, "a proof of this host is required (require_proof), and \(reason)")
    }

    private static func unproved(_ reason: String) -> ExecutorError {
        ExecutorError(.enforcement, "a proof of this host is required (require_proof), and \(reason): \(Proof.remedy)")
    }
}
