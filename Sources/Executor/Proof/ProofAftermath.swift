import Glibc
import SystemSupport

/// What is looked at after every run of the probe, on the host's side and whatever the probe says: nothing of the run may be
/// left, and nothing of the host may be touched.
struct ProofAftermath {
    let field: ProofField
    /// The run's own value of ``ProofField/runVariable``.
    let run: String
    /// The run's cgroup.
    let leaf: String

    func damage(_ seen: ProofObservation) -> [String] {
        var found: [String] = []
        let verdict = seen.outcome.report.verdict
        if verdict.kind == .cleanupFailed || verdict.kind == .launchFailed {
            found.append(verdict.evidence.first?.text ?? verdict.kind.rawValue)
        }
        if access(leaf, F_OK) == 0 { found.append("its cgroup is still there") }
        if let pid = survivor() { found.append("process \(pid) of it still lives") }
        if !field.canary.isAlive { found.append("it ended a process of the host's") }
        let text = try? BeneathDirectory(path: String(field.canaryFile.dropLast("/canary".count))).readText("canary")
        if text != field.secret { found.append("it changed a file of the host's") }
        if field.listeners.wereReached() { found.append("it reached a service of the host's") }
        if field.terminal?.wasTypedInto() == true { found.append("it typed into the terminal") }
        let output = seen.outcome.report.output
        let texts = [output.stdout, output.stderr].compactMap { $0 } + seen.copied.values
        if texts.contains(where: { $0.contains(field.secret) }) { found.append("it read a file of the host's") }
        return found
    }

    /// A process of the run, whoever is its parent now: it inherited the run's variable.
    private func survivor() -> String? {
        let mark = Array("\(ProofField.runVariable)=\(run)".utf8)
        guard let proc = try? BeneathDirectory(path: "/proc") else { return nil }
        return ((try? proc.childDirectories()) ?? []).first { name in
            guard name.allSatisfy(\.isNumber), let file = try? proc.open("\(name)/environ", O_RDONLY) else {
                return false
            }
            // All of a run's environment: there are six variables.
            return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
                let count = read(file.raw, buffer.baseAddress, buffer.count)
                return count > 0 && buffer[..<count].split(separator: 0).contains { $0.elementsEqual(mark) }
            }
        }
    }
}
