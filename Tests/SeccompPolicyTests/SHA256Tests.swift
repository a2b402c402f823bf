import SystemSupport
import Testing

/// Vectors of FIPS 180-4 and of NIST's example file.
@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func publishedVectorsAreMet(message: String, digest: String) {
        #expect(SHA256.hex(SHA256.digest(message.utf8)) == digest)
    }

    @Test func aMillionLettersAreMet() {
        let digest = SHA256.hex(SHA256.digest([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)))
        #expect(digest == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// Every length round the block boundaries, fed whole and in pieces of every kind.
    @Test func piecesGiveTheDigestOfTheWhole() {
        for length in 0...200 {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ length) }
            let whole = SHA256.digest(message)
            for piece in [1, 3, 55, 56, 63, 64, 65, 128] {
                var hash = SHA256()
                var rest = message[...]
                while !rest.isEmpty {
                    hash.update(rest.prefix(piece))
                    rest = rest.dropFirst(piece)
                }
                #expect(hash.finalize() == whole, "length \(length) in pieces of \(piece)")
            }
        }
    }

    /// With the processor's own instructions and without them.
    @Test func bothWaysGiveTheSame() {
        for length in (0...300).map({ $0 }) + [4096, 100_001] {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ length) }
            var plain = SHA256(usingInstructions: false)
            plain.update(message)
            #expect(plain.finalize() == SHA256.digest(message), "length \(length)")
        }
        var plain = SHA256(usingInstructions: false)
        plain.update("abc".utf8)
        #expect(SHA256.hex(plain.finalize()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func aRunningDigestLeavesTheHashUsable() {
        var hash = SHA256()
        hash.update("a".utf8)
        _ = hash.finalize()
        hash.update("bc".utf8)
        #expect(SHA256.hex(hash.finalize()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
