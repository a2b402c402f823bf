extension Attack {
    private static let onlyPlain = Expect.artifacts("plain")

    private static func planted(
        _ name: String, _ guarantee: String, _ expects: @escaping Check,
        words: @escaping @Sendable (ProofField) -> [String] = { _ in [] }
    ) -> Attack {
        Attack(
            name, .output, guarantee, words: words, expects: expects,
            controlExpects: Expect.all(Expect.allowed, onlyPlain))
    }

    /// That nothing of the canary's text was copied is looked at after every run.
    static let output: [Attack] = [
        planted(
            "output-symlink", "Links are passed over, wherever they lead.", Expect.all(Expect.done(), onlyPlain),
            words: { [$0.canaryFile] }),
        planted(
            "output-fifo", "A FIFO that nobody writes to is passed over, and nobody waits.",
            Expect.all(Expect.done(), onlyPlain, passedOver("no regular file"))),
        planted(
            "output-device", "No device is made.", Expect.all(Expect.refused("EPERM"), onlyPlain)),
        planted(
            "output-socket", "A socket is passed over.",
            Expect.all(Expect.done(), onlyPlain, passedOver("no regular file"))),
        planted(
            "output-hard-link", "No file of elsewhere is linked into /out, and none in it is taken twice.",
            Expect.all(Expect.refused("EXDEV", "EPERM", "EACCES"), onlyPlain, passedOver("second name"))),
        planted(
            "output-swap", "A file that is swapped until the end is read whole, old or new, and never through a link.",
            Expect.all(
                Expect.done(),
                { seen in
                    let texts: Set = ["plain\n", "short\n", "a longer text\n"]
                    if !Set(seen.artifacts).isSubset(of: ["plain", "swapped", "longer", "link"]) {
                        return "taken were \(seen.artifacts)"
                    }
                    if seen.artifacts.count != 3 {
                        return "taken were \(seen.artifacts), not two files and the plain one"
                    }
                    return seen.copied.values.allSatisfy(texts.contains) ? nil : "another text was read"
                }),
            words: { [$0.canaryFile] }),
    ]
}
