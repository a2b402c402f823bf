import SystemSupport
import Testing

@testable import Executor

@Suite struct LimitOverridesTests {
    private func profile() throws -> ScannerProfile {
        let yaml = minimalProfile.replacingLimits("{cpu: 1, memory: 512MiB, memory_high: 448MiB, pids: 64}")
        return try ScannerProfile(yaml: Array(yaml.utf8), file: "/etc/tool.yaml")
    }

    private func applied(_ overrides: LimitOverrides) throws -> (limits: ScannerLimits, deadlines: Deadlines) {
        let profile = try profile()
        return try overrides.applied(to: profile.limits, profile.deadlines, subject: "tool")
    }

    @Test func givenLimitsReplaceTheProfilesAndTheOthersStay() throws {
        var overrides = LimitOverrides()
        try overrides.set(.memory, option: "1GiB")
        try overrides.set(.wall, option: "30s")
        let changed = try applied(overrides)
        #expect(changed.limits.memory == .mebibytes(1024))
        #expect(changed.limits.memoryHigh == .mebibytes(448))
        #expect(changed.limits.pids == 64)
        #expect(changed.deadlines.wall == .seconds(30))
        #expect(changed.deadlines.grace == .seconds(5))
        #expect(try applied(LimitOverrides()) == (profile().limits, profile().deadlines))
    }

    @Test func lessMemoryAloneBringsDownWhatCouldNeverBeReached() throws {
        var overrides = LimitOverrides()
        try overrides.set(.memory, option: "32MiB")
        let limits = try applied(overrides).limits
        #expect(limits.memoryHigh == nil)
        #expect(limits.tmp == .mebibytes(32))
        #expect(limits.out == .mebibytes(32))
    }

    @Test func contradictionsWithTheProfileAreErrors() throws {
        var overrides = LimitOverrides()
        try overrides.set(.memory, option: "32MiB")
        try overrides.set(.tmp, option: "64MiB")
        let error = #expect(throws: ProfileError.self) { try applied(overrides) }
        #expect(error?.code == .invalidLimit)
        #expect(error?.description.contains("tool: limits.tmp: 64MiB can never be used") == true)
    }

    @Test func everyKeyTakesARightValueAndRefusesAWrongOne() {
        let right: [LimitOverrides.Key: String] = [
            .cpu: "0.5", .cpuWeight: "100", .memory: "1GiB", .memoryHigh: "512MiB", .swap: "0B", .pids: "2",
            .cpuset: "0",
            .tmp: "1MiB", .tmpInodes: "16", .out: "1MiB", .outInodes: "16", .openFiles: "64", .fileSize: "1MiB",
            .printed: "1KiB", .wall: "1s", .cpuTime: "1m", .grace: "0s",
        ]
        for key in LimitOverrides.Key.allCases {
            var overrides = LimitOverrides()
            #expect(throws: Never.self) { try overrides.set(key, option: right[key] ?? "") }
            let error = #expect(throws: ProfileError.self) { try overrides.set(key, option: "1 apple") }
            #expect(error?.subject == key.option)
            #expect(
                error?.description.hasPrefix("\(key.option): \"1 apple\" is not ") == true,
                "\(String(describing: error))")
        }
        #expect(LimitOverrides.Key.memoryHigh.option == "--memory-high")
    }
}
