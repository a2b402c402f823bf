import Glibc
import SystemSupport
import Testing

@testable import Executor

@Suite struct CatalogueTests {
    @Test func everyAttackOfTheProbeIsInTheCatalogue() throws {
        let listed = try output(of: ProofFixture.probePath, ["list"]).split(separator: "\n").map(String.init)
        #expect(Set(listed).count == listed.count)
        #expect(Set(listed) == Set(Attack.catalogue.map(\.name)))
        #expect(Set(Attack.catalogue.map(\.name)).count == Attack.catalogue.count)
    }

    @Test func everyAttackIsNamedInTheDocumentWithItsGuarantee() throws {
        let document = try BeneathDirectory(path: RunFixture.project).readText("docs/proof.md")
        let text = try #require(document.split(separator: "## Attacks\n", maxSplits: 1).last)
        for attack in Attack.catalogue {
            #expect(text.contains("| `\(attack.name)` | \(attack.guarantee) |"), "docs/proof.md lacks \(attack.name)")
        }
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count == Attack.catalogue.count, "docs/proof.md names an attack that there is not")
    }

    @Test(arguments: Attack.catalogue.map(\.name)) func guaranteesAreSentences(_ name: String) throws {
        let attack = try #require(Attack.catalogue.first { $0.name == name })
        #expect(attack.guarantee.hasSuffix(".") && attack.guarantee.count < 100)
        #expect(name.count <= 22, "the table's column")
    }

    @Test(arguments: ["attack", "attack --control"]) func unknownAttacksAreAUsageError(_ words: String) throws {
        let process = try HostProcess(ProofFixture.probePath, words.split(separator: " ").map(String.init))
        #expect(process.wait() == 64)
    }

    @Test func attacksWithoutTheirArgumentAreAUsageError() throws {
        for words in [["memory-bomb"], ["memory-bomb", "much"], ["host-files"], ["task-files"]] {
            let process = try HostProcess(ProofFixture.probePath, words)
            #expect(process.wait() == 64, "\(words)")
        }
    }
}

@Suite struct ProbeWordTests {
    @Test func refusalsAreRead() throws {
        let word = try #require(ProbeWord("refused mount=EPERM open_tree=ENOSYS\nmore"))
        #expect(word.verb == .refused)
        #expect(word.refusals.map(\.what) == ["mount", "open_tree"])
        #expect(word.refusals.map(\.errno) == ["EPERM", "ENOSYS"])
    }

    @Test(arguments: [
        "", "\n", "\nrefused x=EPERM", "refuse x=EPERM", "Refused", String(repeating: "x", count: 100_000),
    ])
    func whatIsNoWordIsNone(_ text: String) { #expect(ProbeWord(text) == nil) }

    @Test(arguments: ["refused", "refused ", "refused x", "refused x=", "refused =EPERM", "succeeded x=EPERM"])
    func oddWordsAreNoRefusals(_ text: String) throws {
        var outcome = RunOutcome(
            report: RunReport(verdict: Verdict(kind: .clean, failureClass: .none, evidence: [])))
        outcome.report.output.stdout = text
        let seen = ProofObservation(outcome: outcome, word: ProbeWord(text))
        #expect(Expect.refused("EPERM")(seen) != nil)
    }

    @Test func aWordIsMadeSafeForATerminal() throws {
        let word = try #require(ProbeWord("refused \u{1b}[31m=EPERM"))
        #expect(!word.text.unicodeScalars.contains("\u{1b}"))
    }
}
