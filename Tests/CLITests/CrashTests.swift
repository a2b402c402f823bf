import Glibc
import SystemSupport
import Testing

@testable import CgroupV2
@testable import Executor

extension SandboxTests {
    /// A worker that is killed: at each step of a run, and at any moment. What the next start finds, ends and records.
    @Suite struct CrashTests {
        /// Each step of a run, and while the program runs; `recovered` is a step of a start.
        static let steps = RunStep.allCases.filter { $0 != .recovered }.map(\.rawValue) + ["running"]

        /// A start takes seconds in User-mode Linux.
        private static let rounds = TestHost.isUserModeLinux ? 1 : 3

        @Test(arguments: steps)
        func aWorkerKilledAtAStepLeavesNothingAndExactlyOneRecord(step: String) throws {
            let site = try CrashSite()
            for _ in 0..<Self.rounds {
                let worker = try site.start("loop", step: step)
                worker.waitForDeath()
                try site.expectRecovered()
            }
            try site.expectNothingLost()
            let hasLeaf = !["slot", "composed"].contains(step)
            let isRecorded = ["recorded", "removed", "released"].contains(step)
            #expect(site.recovered.count == (hasLeaf && !isRecorded ? Self.rounds : 0), "\(site.recovered)")
        }

        /// A start that is itself killed, between the record and the removal.
        @Test func aStartKilledWhileItRecoversRecordsNoRunTwice() throws {
            let site = try CrashSite()
            for _ in 0..<Self.rounds {
                try site.start("loop", step: "running").waitForDeath()
                for _ in 0..<2 { try site.start("start", step: "recovered").waitForDeath() }
                try site.expectRecovered()
            }
            try site.expectNothingLost()
            #expect(site.recovered.count == Self.rounds)
        }

        @Test func twoStartsAtOnceRecordARunOnce() throws {
            let site = try CrashSite()
            for _ in 0..<Self.rounds {
                try site.start("loop", step: "collected").waitForDeath()
                try site.expectRecovered(starts: 3)
            }
            try site.expectNothingLost()
            #expect(site.recovered.count == Self.rounds)
        }

        /// Two hundred times: mostly uniformly over the length of a run, which is measured, also while the worker starts, and
        /// while the start after it recovers.
        @Test(
            .enabled(
                if: !TestHost.isUserModeLinux, "its rounds take seconds each in User-mode Linux; the steps run there"))
        func aWorkerKilledAtAnyMomentLeavesNothingAndExactlyOneRecordARun() throws {
            let seed = Tool.variable("SCAN_EXECUTOR_TEST_SEED").flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
            print("CrashTests: SCAN_EXECUTOR_TEST_SEED=\(seed)")
            var random = SplitMix(state: seed)
            let site = try CrashSite()
            var length: UInt32 = 0
            var startup: UInt32 = 0
            for round in 0..<200 {
                let begun = MonotonicTime.now
                let worker = try site.start("loop")
                if round % 8 == 7 {
                    // Startup is longer than a run; some of these moments lie in the first run, too.
                    usleep(random.below(startup))
                } else {
                    let measured = try #require(worker.waitUntilReady())
                    startup = max(startup, UInt32(clamping: (MonotonicTime.now - begun).wholeMicroseconds))
                    length = measured
                    // The moment of the kill is what the test varies.
                    usleep(random.below(2 * length))
                }
                worker.killNow()
                if round % 4 == 3 {
                    let start = try site.start("start")
                    usleep(random.below(startup))
                    start.killNow()
                }
                try site.expectRecovered(starts: round % 10 == 9 ? 2 : 1, "seed \(seed), round \(round)")
            }
            try site.expectNothingLost("seed \(seed)")
            // Otherwise the moments were none of a run's.
            #expect(site.recovered.count >= 50, "only \(site.recovered.count) of 200 kills met a run")
            print(
                "CrashTests: 200 kills, \(site.leavesSeen) runs with a cgroup, \(site.recovered.count) records recovered"
            )
        }
    }
}

/// SplitMix64, so that a seed gives the same moments anywhere.
private struct SplitMix {
    var state: UInt64

    mutating func below(_ bound: UInt32) -> UInt32 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        return UInt32(mixed % UInt64(max(1, bound)))
    }
}
