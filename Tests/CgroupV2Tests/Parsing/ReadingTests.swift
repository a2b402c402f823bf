import SystemSupport
import Testing

@testable import CgroupV2

@Suite struct ReadingTests {
    static let cpuStat = """
        usage_usec 1523000
        user_usec 1200000
        system_usec 323000
        nr_periods 16
        nr_throttled 15
        throttled_usec 1421337
        nr_bursts 0
        burst_usec 0

        """
    static let memoryEvents = "low 0\nhigh 12\nmax 345\noom 3\noom_kill 2\noom_group_kill 1\n"
    static let ioStat = """
        8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=4096 dios=1
        8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=0 dios=0

        """
    static let pressure = """
        some avg10=0.22 avg60=0.17 avg300=1.11 total=58761459
        full avg10=0.00 avg60=0.00 avg300=0.00 total=27521

        """

    @Test func cpuStatIsRead() {
        let usage = CPUUsage(parsing: Self.cpuStat)
        #expect(usage.total == .microseconds(1_523_000) && usage.user == .microseconds(1_200_000))
        #expect(usage.system == .microseconds(323_000))
        #expect(usage.periods == 16 && usage.throttledPeriods == 15 && usage.throttled == .microseconds(1_421_337))
    }

    /// Linux 6.18 without the cpu controller.
    @Test func whatTheControllerWouldReportIsAbsentWithoutIt() {
        let usage = CPUUsage(
            parsing: "usage_usec 0\nuser_usec 0\nsystem_usec 0\nnice_usec 0\ncore_sched.force_idle_usec 0\n")
        #expect(usage.total == .zero)
        #expect(usage.throttled == nil && usage.throttledPeriods == nil && usage.periods == nil)
    }

    @Test func memoryEventsAreReadAndOldKernelsLackSome() {
        let events = MemoryEvents(parsing: Self.memoryEvents)
        #expect(
            events.high == 12 && events.max == 345 && events.oom == 3 && events.oomKill == 2 && events.oomGroupKill == 1
        )
        let old = MemoryEvents(parsing: "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n")
        #expect(old.oomKill == 0 && old.oomGroupKill == nil)
    }

    @Test func ioStatIsReadByDeviceAndSummed() {
        let usage = IOUsage(parsing: Self.ioStat)
        #expect(usage.devices[BlockDevice(major: 8, minor: 16)]?.discardedBytes == 4096)
        #expect(usage.total.readBytes == 1_459_200 + 90_430_464 && usage.total.writes == 353 + 1252)
    }

    @Test func halfALineOfIOStatIsNoZeros() {
        let usage = IOUsage(
            parsing:
                "8:0 \n8:1 rbytes=1\n8:2 rbytes=1 wbytes=2 rios=3 wios=4\n(unknown) rbytes=1 wbytes=1 rios=1 wios=1\n")
        #expect(usage.devices.keys.sorted() == [BlockDevice(major: 8, minor: 2)])
    }

    @Test func sumsOfHostileNumbersSaturate() {
        let line = "rbytes=18446744073709551615 wbytes=1 rios=1 wios=1\n"
        #expect(IOUsage(parsing: "8:0 \(line)8:1 \(line)").total.readBytes == .max)
    }

    @Test func pressureIsReadAndOldKernelsHaveNoFullForCPU() {
        let both = Pressure(parsing: Self.pressure)
        #expect(both?.some?.average300 == 1.11 && both?.full?.total == .microseconds(27_521))
        let some = Pressure(parsing: "some avg10=0.22 avg60=0.17 avg300=1.11 total=58761459\n")
        #expect(some?.some != nil && some?.full == nil)
        #expect(Pressure(parsing: "") == nil)
        #expect(Pressure(parsing: "some avg10=nan avg60=0.17 avg300=1.11 total=5\n") == nil)
        #expect(Pressure(parsing: "some avg10=0.1 avg60=0.17 avg300=1.11\n") == nil)
    }

    @Test(arguments: [
        "", "\n", "max\n", "12", "-1\n", "+1\n", "1 \n", "0x10\n", "18446744073709551616\n", "1\n2\n", "1.0\n",
    ])
    func whatIsNoWholeNumberIsAbsent(text: String) {
        #expect(KernelText.single(text) == nil)
        #expect(KernelText.single("12\n") == 12)
    }

    @Test func sizesOverTheSignedRangeAreAbsent() {
        #expect(ByteCount(kernelText: "9223372036854775808\n") == nil)
        #expect(ByteCount(kernelText: "9223372036854775807\n")?.bytes == .max)
    }

    @Test func aNumberCutShortDoesNotCount() {
        #expect(KernelText.flatKeyed("usage_usec 1523000\nuser_usec 12")["user_usec"] == nil)
        for length in 0...Self.cpuStat.utf8.count {
            let cut = KernelText.flatKeyed(String(decoding: Self.cpuStat.utf8.prefix(length), as: UTF8.self))
            let whole = KernelText.flatKeyed(Self.cpuStat)
            for (key, value) in cut { #expect(whole[key] == value) }
        }
    }

    @Test func hostileTextIsTolerated() {
        let pieces = [
            "usage_usec", " ", "\n", "=", "18446744073709551615", "-", "8:0", "some", "avg10=", "\0", "é", "max", ":",
            "/",
        ]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0..<30, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            _ = (
                CPUUsage(parsing: text), MemoryEvents(parsing: text), IOUsage(parsing: text).total,
                Pressure(parsing: text)
            )
            _ = (
                KernelText.single(text), Controller.parse(text), MountInfo.parse(text),
                CgroupMount.unifiedPath(in: text)
            )
            _ = (CPUList(parsing: text), BlockDevice(parsing: text), WorkerIdentity.startTime(inStat: text))
            #expect(LeaseCodec.decode(Array(text.utf8)) == nil)
        }
    }

    @Test func controllersOfOursAreFoundInTheList() {
        #expect(Controller.parse("cpuset cpu io memory hugetlb pids rdma misc\n") == Set(Controller.allCases))
        #expect(Controller.parse("\n") == [] && Controller.parse("") == [] && Controller.parse("cpu mem") == [])
    }
}
