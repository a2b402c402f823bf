import CgroupV2
import Glibc
import ProcessSupervisor
import Synchronization
import SystemSupport

/// Runs the catalogue of attacks on this host, each beside its control, and says what held.
public struct Prover: Sendable {
    let host: SandboxHost
    let probe: ProbeProgram

    /// - Parameter host: prepared with best effort and without `requireProof`: what is missing is a result here.
    public init(host: SandboxHost, probe: ProbeProgram) {
        self.host = host
        self.probe = probe
    }

    /// One after the other, so that none disturbs another's counters.
    ///
    /// - Parameter onResult: called as each is done.
    /// - Throws: `CancellationError` where `cancellation` was asked for; nothing is left then either.
    public func prove(
        _ attacks: [Attack] = Attack.catalogue, cancellation: Cancellation = Cancellation(),
        onResult: @Sendable (AttackResult) -> Void = { _ in }
    ) async throws -> Proof {
        let field = try ProofField(probe, stateDirectory: host.settings.stateDirectory)
        defer {
            field.remove()
            host.forgetOutdatedRoots()
        }
        let probe = probe
        let absent = try await blocking { Result { () throws(SystemError) in try probe.absentAttacks() } }.get()
        let controllers = try host.tree.features().enabledControllers
        let session = ProofSession(
            host: host, field: field, absent: absent, controllers: controllers, cancellation: cancellation)
        var results: [AttackResult] = []
        var holder: ProofHolder?
        do {
            for attack in attacks {
                if attack.needsHolder && holder == nil { holder = try await session.startHolder() }
                let result = try await session.result(of: attack, holder: holder)
                results.append(result)
                onResult(result)
            }
        } catch {
            await holder?.end()
            throw error
        }
        await holder?.end()
        return Proof(facts: try await ProofFacts.current(of: host, probe: probe, controllers), results: results)
    }
}

/// One sitting of the prover.
struct ProofSession: Sendable {
    let host: SandboxHost
    let field: ProofField
    /// Names of attacks on what the kernel has not.
    let absent: Set<String>
    let controllers: Set<Controller>
    let cancellation: Cancellation

    func result(of attack: Attack, holder: ProofHolder?) async throws -> AttackResult {
        if let reason = attack.obstacle(field) {
            // Its control may need the same thing: neither is run.
            return AttackResult(
                name: attack.name, family: attack.family, guarantee: attack.guarantee, outcome: .notApplicable,
                reason: reason, controlHolds: false, observed: "not run")
        }
        let control = try await observe(attack, isControl: true)
        let controlProblem = attack.controlExpects(control) ?? control.damage.first
        func result(_ outcome: AttackResult.Outcome, _ reason: String?, _ observed: String) -> AttackResult {
            AttackResult(
                name: attack.name, family: attack.family, guarantee: attack.guarantee, outcome: outcome,
                reason: reason, controlHolds: controlProblem == nil, observed: observed)
        }
        if let controlProblem { return result(.failed, "its control: \(controlProblem)", control.summary) }
        if absent.contains(attack.name) { return result(.notApplicable, "this kernel has no such feature", "not run") }
        let missing = attack.needs.filter { !controllers.contains($0) }
        if !missing.isEmpty {
            let names = missing.map(\.rawValue).joined(separator: ", ")
            return result(.notEnforced, "the \(names) controller is not on the unified hierarchy here", "not run")
        }
        var seen = try await observe(attack, isControl: false)
        if attack.endsByDeadline && seen.word == nil && seen.kind == .timedOut {
            // A slow host: the deadline came before the attack was in place.
            seen = try await observe(attack, isControl: false, patience: 20)
        }
        var problem = attack.expects(seen) ?? seen.damage.first
        if attack.needsHolder, let gone = holder?.problem { problem = problem ?? "it ended another run: \(gone)" }
        return result(problem == nil ? .held : .failed, problem, seen.summary)
    }

    /// Runs the probe once, and looks at what is left.
    private func observe(_ attack: Attack, isControl: Bool, patience: Int = 1) async throws -> ProofObservation {
        let words = isControl ? ["--control"] + attack.controlWords(field) : attack.words(field)
        var request = request([attack.name] + words)
        (isControl ? attack.prepareControl : attack.prepare)(&request, field)
        request.deadlines.wall *= patience
        let destination = "\(field.directory)/out"
        request.output = destination
        let leaf = "\(host.tree.path)/tasks/\(request.type)/\(request.taskID).\(request.attempt)"
        let swapLimit = Mutex<String?>(nil)
        let outcome = try await host.run(request, cancellation: cancellation) { _ in
            let text = try? BeneathDirectory(path: leaf).readText("memory.swap.max")
            swapLimit.withLock { $0 = text?.split(separator: "\n").first.map(String.init) }
        }
        if outcome.report.verdict.kind == .cancelled || cancellation.isRequested { throw CancellationError() }
        var seen = ProofObservation(outcome: outcome, word: ProbeWord(outcome.report.output.stdout ?? ""))
        seen.swapLimit = swapLimit.withLock { $0 }
        seen.copied = Self.texts(in: destination)
        RemovedTree.remove(destination)
        seen.damage = ProofAftermath(field: field, run: request.taskID, leaf: leaf).damage(seen)
        return seen
    }

    func startHolder() async throws -> ProofHolder {
        var request = request(["hold", field.holderToken])
        // Longer than all that is looked for in it.
        request.deadlines.wall = .seconds(3600)
        return try await ProofHolder.start(request, on: host)
    }

    private func request(_ words: [String]) -> RunRequest {
        let id = "\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        var request = RunRequest(
            taskID: id, type: "proof", command: [ProofField.probePath] + words, limits: Attack.limits,
            deadlines: Deadlines(wall: Attack.wall, grace: .zero))
        request.workingDirectory = SandboxPath.temporary
        request.readOnlyPaths = field.readOnlyPaths
        request.environment[ProofField.runVariable] = id
        return request
    }

    /// What was copied of `/out`, each file's first bytes.
    private static func texts(in directory: String) -> [String: String] {
        guard let root = try? BeneathDirectory(path: directory) else { return [:] }
        var paths: [String] = []
        try? root.walk(staysOnDevice: true) { entry in
            if !entry.isDirectory && entry.path != OutputDirectory.reportName { paths.append(entry.path) }
            return paths.count < 4096
        }
        return Dictionary(uniqueKeysWithValues: paths.map { ($0, (try? root.readText($0, limit: 4096)) ?? "") })
    }
}
