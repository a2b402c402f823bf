import CgroupV2

extension SandboxHost {
    /// Throws where this host's proof is missing, is of another boot, kernel, program or filter, or did not hold.
    ///
    /// Looked at before every run: a proof may be made, or become void, while a worker lives.
    func checkProof() async throws(ExecutorError) {
        guard let recorded = try Proof.recorded(stateDirectory: settings.stateDirectory) else {
            throw Self.unproved("there is none in \(settings.stateDirectory)")
        }
        if let problem = recorded.problem() { throw Self.unproved(problem) }
        if recorded.proof.facts.landlockABI != landlockABI { throw Self.unproved("it is of another Landlock") }
        if try await filter(ProofFacts.filterName, .enforce).sha256 != recorded.proof.facts.filterSHA256 {
            throw Self.unproved("the seccomp profile \(ProofFacts.filterName) has changed since")
        }
        if let problem = recorded.proof.problem(under: settings.enforcement) { throw Self.unproved(problem) }
    }

    private static func unproved(_ reason: String) -> ExecutorError {
        ExecutorError(.enforcement, "a proof of this host is required (require_proof), and \(reason): \(Proof.remedy)")
    }
}
