import Glibc
import SystemSupport
import Testing

@testable import Executor

/// proof.json: what is believed of it, and what not.
@Suite struct RecordedProofTests {
    private static let proof = Proof(
        facts: ProofFacts(
            kernel: KernelName.current.release, architecture: KernelName.current.machine,
            executorVersion: ExecutorVersion.current, landlockABI: 4, filterSHA256: "f", networkFilterSHA256: "n",
            probeSHA256: "p",
            controllers: ["cpu", "memory"]),
        results: Attack.catalogue.map {
            AttackResult(
                name: $0.name, family: $0.family, guarantee: $0.guarantee,
                outcome: $0.needs.isEmpty ? .held : .notEnforced, reason: $0.needs.isEmpty ? nil : "no controller",
                controlHolds: true, observed: "seen")
        })

    /// With /bin/sh in the place of the probe: it is never run here.
    private func recorded(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let probe = try ProbeProgram(path: "/bin/true")
            try Self.proof.record(stateDirectory: directory, probe: probe)
            try body(directory)
        }
    }

    private func text(_ directory: String) throws -> String {
        try BeneathDirectory(path: directory).readText(RecordedProof.fileName)
    }

    @Test func whatWasRecordedIsReadBack() throws {
        try recorded { directory in
            let found = try #require(try Proof.recorded(stateDirectory: directory))
            #expect(found.proof.canonical == Self.proof.canonical)
            #expect(found.sha256 == Self.proof.sha256)
            #expect(found.problem() == nil)
            #expect(RecordedProof.currentSHA256(stateDirectory: directory) == Self.proof.sha256)
            var status = stat()
            #expect(stat("\(directory)/proof.json", &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func withoutAFileThereIsNone() throws {
        try withTemporaryDirectory { directory in
            let found = try Proof.recorded(stateDirectory: directory)
            #expect(found == nil)
            #expect(RecordedProof.currentSHA256(stateDirectory: directory) == nil)
        }
    }

    @Test func anotherProofTakesItsPlace() throws {
        try recorded { directory in
            var other = Self.proof
            other.results[20].outcome = .failed
            try other.record(stateDirectory: directory, probe: try ProbeProgram(path: "/bin/true"))
            #expect(try Proof.recorded(stateDirectory: directory)?.sha256 == other.sha256)
            #expect(try BeneathDirectory(path: directory).entryNames() == ["proof.json"])
            // It is read, and no run is said to be proved by it.
            #expect(RecordedProof.currentSHA256(stateDirectory: directory) == nil)
        }
    }

    /// Each takes the file's text and gives what somebody made of it.
    static let forgeries: [(name: String, forge: @Sendable (String) -> String)] = [
        ("an outcome", { $0.replacing("\"not enforced\"", with: "\"held\"", maxReplacements: 1) }),
        ("the kernel", { $0.replacing("\"kernel\":\"", with: "\"kernel\":\"x") }),
        ("the hash", { $0.replacing("\"sha256\":\"", with: "\"sha256\":\"0", maxReplacements: 1) }),
        ("a space in it", { $0.replacing("\"attacks\":[", with: "\"attacks\": [") }),
        ("another member", { $0.replacing("\"proof\":{", with: "\"proof\":{\"x\":1,") }),
        ("a second proof", { $0.dropLast(2) + ",\"proof\":{\"attacks\":[]}}\n" }),
        ("its end", { String($0.dropLast(3)) }),
        ("its beginning", { String($0.dropFirst(3)) }),
        ("everything", { _ in "" }),
        ("nothing but braces", { _ in "{}\n" }),
        ("junk", { _ in String(repeating: "{\"proof\":", count: 5000) }),
        ("a control", { $0.replacing("\"control\":true", with: "\"control\":false", maxReplacements: 1) }),
    ]

    @Test(arguments: forgeries.indices) func whatWasAlteredIsRefused(_ index: Int) throws {
        try recorded { directory in
            let forged = Self.forgeries[index].forge(try text(directory))
            try writeFile("\(directory)/proof.json", Array(forged.utf8))
            chmod("\(directory)/proof.json", 0o600)
            let error = #expect(throws: ExecutorError.self, "\(Self.forgeries[index].name)") {
                try Proof.recorded(stateDirectory: directory)
            }
            #expect(error?.message.contains("doctor --prove") == true)
            #expect(RecordedProof.currentSHA256(stateDirectory: directory) == nil)
        }
    }

    @Test func whatOthersCouldHaveWrittenIsRefused() throws {
        try recorded { directory in
            let path = "\(directory)/proof.json"
            chmod(path, 0o660)
            #expect(throws: ExecutorError.self) { try Proof.recorded(stateDirectory: directory) }
            chmod(path, 0o644)
            #expect(try Proof.recorded(stateDirectory: directory) != nil, "others may read it")

            rename(path, "\(directory)/elsewhere")
            symlink("\(directory)/elsewhere", path)
            #expect(throws: ExecutorError.self) { try Proof.recorded(stateDirectory: directory) }
            unlink(path)
            mkfifo(path, 0o600)
            #expect(throws: ExecutorError.self) { try Proof.recorded(stateDirectory: directory) }
            unlink(path)
            try writeFile(path, [UInt8](repeating: 32, count: RecordedProof.sizeLimit + 1))
            #expect(throws: ExecutorError.self) { try Proof.recorded(stateDirectory: directory) }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "gives a file away")) func whatBelongsToAnotherIsRefused() throws {
        try recorded { directory in
            chown("\(directory)/proof.json", 65534, 65534)
            #expect(throws: ExecutorError.self) { try Proof.recorded(stateDirectory: directory) }
        }
    }

    @Test func aProofOfAnotherHostIsNotThisOnes() throws {
        try recorded { directory in
            let found = try #require(try Proof.recorded(stateDirectory: directory))
            let changes: [(String, (inout RecordedProof) -> Void)] = [
                ("boot", { $0.bootID = "another" }), ("kernel", { $0.proof.facts.kernel = "5.10.0" }),
                ("kernel", { $0.proof.facts.architecture = "aarch64" }),
                ("scan-executor", { $0.proof.facts.executorVersion = "0.0.0" }),
                ("changed", { $0.probeIdentity = "1:2:3" }), ("changed", { $0.probePath = "/nowhere" }),
            ]
            for (word, change) in changes {
                var other = found
                change(&other)
                #expect(other.problem()?.contains(word) == true)
            }
        }
    }
}

/// The value that is hashed.
@Suite struct ProofTests {
    private func result(
        _ attack: Attack, _ outcome: AttackResult.Outcome = .held, control: Bool = true, reason: String? = nil,
        observed: String = ""
    ) -> AttackResult {
        AttackResult(
            name: attack.name, family: attack.family, guarantee: attack.guarantee, outcome: outcome, reason: reason,
            controlHolds: control, observed: observed)
    }

    private func proof(_ change: (inout [AttackResult]) -> Void = { _ in }) -> Proof {
        var results = Attack.catalogue.map { result($0) }
        change(&results)
        return Proof(
            facts: ProofFacts(
                kernel: "6.1", architecture: "x86_64", executorVersion: "1", landlockABI: nil, filterSHA256: "",
                networkFilterSHA256: "", probeSHA256: "", controllers: []),
            results: results)
    }

    @Test func theHashIsThatOfTheResultAlone() {
        #expect(proof { $0[0].observed = "12 bytes" }.sha256 == proof { $0[0].observed = "13 bytes" }.sha256)
        #expect(
            proof { results in (results[0].outcome, results[0].reason) = (.failed, "12 bytes") }.sha256
                == proof { results in (results[0].outcome, results[0].reason) = (.failed, "13 bytes") }.sha256)
        let different = [
            proof(), proof { $0[0].outcome = .failed }, proof { $0[0].outcome = .notEnforced },
            proof { $0[0].controlHolds = false }, proof { $0[0].name = "another" }, proof { $0.removeLast() },
            proof { $0.swapAt(0, 1) },
        ]
        #expect(Set(different.map(\.sha256)).count == different.count)
        var facts = proof()
        facts.facts.landlockABI = 0
        #expect(facts.sha256 != proof().sha256)
        facts = proof()
        facts.facts.networkFilterSHA256 = "0"
        #expect(facts.sha256 != proof().sha256)
    }

    @Test func theHashIsThatOfTheCanonicalText() {
        #expect(proof().sha256 == SHA256.hex(SHA256.digest(proof().canonical.utf8)))
        #expect(proof().sha256.count == 64)
        #expect(!proof().canonical.contains("\n"))
    }

    @Test func onlyACompleteProofHolds() {
        #expect(proof().holds(under: .require))
        #expect(proof { $0.removeLast() }.problem(under: .bestEffort)?.contains("is not proved") == true)
        #expect(proof { $0[3].outcome = .failed }.problem(under: .bestEffort)?.contains("did not hold") == true)
        #expect(proof { $0[3].controlHolds = false }.problem(under: .bestEffort)?.contains("control") == true)
        #expect(proof { $0[3].outcome = .notApplicable }.holds(under: .require))
        // Nor is its control run where what both need is not there.
        #expect(
            proof { results in (results[3].outcome, results[3].controlHolds) = (.notApplicable, false) }
                .holds(under: .require))
        let open = proof { $0[3].outcome = .notEnforced }
        #expect(open.holds(under: .bestEffort))
        #expect(open.problem(under: .require)?.contains(Attack.catalogue[3].name) == true)
    }

    @Test func theJSONSaysWhatIsGuaranteedAndCounts() throws {
        let text = proof { results in (results[0].outcome, results[0].reason) = (.notEnforced, "why") }.json()
        #expect(text.contains("\"schema\":\"scan-executor/proof/1\""))
        #expect(text.contains("\"guarantee\":\"\(Attack.catalogue[0].guarantee)\""))
        #expect(text.contains("\"reason\":\"why\""))
        #expect(text.contains("\"counts\":{\"held\":\(Attack.catalogue.count - 1),\"failed\":0,\"not_enforced\":1"))
    }
}
