import SystemSupport
import Testing

@Suite struct UnitTextTests {
    @Test(
        arguments: [
            ("512MiB", 536_870_912), ("1.5GiB", 1_610_612_736), ("4096B", 4096), ("0B", 0), ("64KiB", 65_536),
        ] as [(String, Int64)])
    func sizesWithBinaryUnitsAreRead(text: String, bytes: Int64) {
        #expect(ByteCount(parsing: text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "512", "512MB", "512M", "-1B", "1e3B", " 1B", "9223372036854775808B", "8388608TiB", "0.3B", "1.2.3KiB",
        "KiB",
    ])
    func sizesWithoutAClearMeaningAreRefused(text: String) {
        #expect(ByteCount(parsing: text) == nil)
    }

    @Test(
        arguments: [("250ms", 250), ("30s", 30_000), ("1.5s", 1500), ("10m", 600_000), ("2h", 7_200_000)]
            as [(String, Int64)])
    func durationsAreRead(text: String, milliseconds: Int64) {
        #expect(Duration(parsing: text) == .milliseconds(milliseconds))
    }

    @Test(
        arguments: [
            (0, "0ms"), (250, "250ms"), (1000, "1s"), (1004, "1.004s"), (1500, "1.5s"), (90_000, "90s"),
        ] as [(Int64, String)])
    func durationsAreShownAsTheyAreRead(milliseconds: Int64, text: String) {
        #expect(Duration.milliseconds(milliseconds).shortText == text)
        #expect(Duration(parsing: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "30", "30 s", "-1s", "s", "1d", "9223372036854775807h"])
    func durationsWithoutAClearMeaningAreRefused(text: String) {
        #expect(Duration(parsing: text) == nil)
    }

    @Test func coresKeepThreeDecimals() {
        #expect(CPUCount(parsing: "1.5")?.millicores == 1500)
        #expect(CPUCount(parsing: "1.5")?.description == "1.5")
        #expect(CPUCount(parsing: "2")?.description == "2")
        #expect(CPUCount(parsing: "0") == nil)
        #expect(CPUCount(parsing: "0.0001") == nil)
        #expect(CPUCount(parsing: "-1") == nil)
    }
}
