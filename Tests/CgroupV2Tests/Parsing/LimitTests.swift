import SystemSupport
import Testing

@testable import CgroupV2

@Suite struct LimitTests {
    @Test func valuesAreWrittenAsTheKernelReadsThem() throws {
        let limits = CgroupLimits(
            cpu: .value(try #require(CPUCount(parsing: "1.5"))), cpuWeight: CPUWeight(50),
            memory: .value(.mebibytes(64)),
            memoryHigh: .value(.mebibytes(48)), swap: .value(.bytes(0)), oomGroup: true,
            pids: .value(try #require(TaskCount(64))),
            io: [
                IOLimit(
                    device: BlockDevice(major: 8, minor: 16), readBytes: .value(.mebibytes(1)), writeBytes: .max,
                    readOperations: OperationRate(perSecond: 100).map { .value($0) }, writeOperations: .max)
            ],
            cpus: CPUList(parsing: "0-1"))
        try limits.validate()
        #expect(
            limits.writes.map { "\($0.file) \($0.value)" } == [
                "cpuset.cpus 0-1", "cpu.max 150000 100000", "cpu.weight 50", "memory.max 67108864",
                "memory.high 50331648",
                "memory.swap.max 0", "memory.oom.group 1", "pids.max 64",
                "io.max 8:16 rbps=1048576 wbps=max riops=100 wiops=max",
            ])
    }

    @Test func notRequestedIsNotWritten() {
        #expect(CgroupLimits.none.writes == [])
        #expect(CgroupLimits(io: [IOLimit(device: BlockDevice(major: 8, minor: 0))]).writes == [])
    }

    @Test func maxIsARequestForNoLimit() {
        let limits = CgroupLimits(cpu: .max, memory: .max, pids: .max)
        #expect(limits.writes.map(\.value) == ["max 100000", "max", "max"])
    }

    /// The kernel's smallest quota is 1 ms and its longest period 1 s.
    @Test(arguments: [
        (1, "1000 1000000"), (9, "9000 1000000"), (10, "1000 100000"), (250, "25000 100000"),
        (64_000, "6400000 100000"),
    ])
    func smallCPULimitsKeepTheKernelsSmallestQuota(millicores: Int64, text: String) throws {
        #expect(KernelValue.cpuMax(.value(try #require(CPUCount(millicores: millicores)))) == text)
    }

    @Test func impossibleLimitsAreRefusedBesidePossibleOnes() throws {
        let disk = BlockDevice(major: 8, minor: 0)
        let impossible: [CgroupLimits] = [
            CgroupLimits(memory: .value(.bytes(4095))), CgroupLimits(memoryHigh: .value(.bytes(0))),
            CgroupLimits(memory: .value(.mebibytes(64)), memoryHigh: .value(.mebibytes(64))),
            CgroupLimits(io: [IOLimit(device: disk, writeBytes: .value(.bytes(0)))]),
            CgroupLimits(io: [IOLimit(device: disk, readBytes: .max), IOLimit(device: disk, writeBytes: .max)]),
        ]
        for limits in impossible {
            let error = #expect(throws: CgroupError.self) { try limits.validate() }
            #expect(error?.code == .invalidLimit)
        }
        try CgroupLimits(memory: .value(.kibibytes(4))).validate()
        try CgroupLimits(memory: .value(.mebibytes(64)), memoryHigh: .value(.mebibytes(63))).validate()
        try CgroupLimits(memory: .max, memoryHigh: .value(.mebibytes(64))).validate()
        try CgroupLimits(io: [IOLimit(device: disk, writeBytes: .value(.bytes(1)))]).validate()
    }

    @Test func valueTypesTakeTheKernelsRangesAndNothingElse() {
        #expect(CPUWeight(0) == nil && CPUWeight(1) != nil && CPUWeight(10_000) != nil && CPUWeight(10_001) == nil)
        #expect(
            TaskCount(0) == nil && TaskCount(1) != nil && TaskCount(4_194_304) != nil && TaskCount(4_194_305) == nil)
        #expect(
            OperationRate(perSecond: 0) == nil && OperationRate(perSecond: 1) != nil
                && OperationRate(perSecond: .max) == nil)
    }

    @Test(arguments: [
        ("0", "0"), ("0-3,8", "0-3,8"), ("8,0-3", "0-3,8"), ("0-3,2-5,6", "0-6"), ("1,1,1", "1"), ("8191", "8191"),
    ])
    func cpuListsAreNormalised(text: String, normal: String) {
        #expect(CPUList(parsing: text)?.description == normal)
    }

    @Test(arguments: [
        "", ",", "0,", "3-1", "-1", "1-", "a", "0-3:2/4", " 0", "0 ", "8192", "0-99999999999999999999", "+1", "0--1",
        "0\n",
    ])
    func malformedCPUListsAreRefused(text: String) {
        #expect(CPUList(parsing: text) == nil)
    }

    @Test func cpuListsCountAndContain() throws {
        let list = try #require(CPUList(parsing: "0-3,8"))
        #expect(list.count == 5 && list.contains(8) && !list.contains(4))
    }

    @Test(arguments: ["", "8", "8:", ":0", "8:0:1", "-8:0", "8:4294967296", "8: 0", "a:b"])
    func malformedDevicesAreRefused(text: String) {
        #expect(BlockDevice(parsing: text) == nil)
        #expect(BlockDevice(parsing: "259:12") == BlockDevice(major: 259, minor: 12))
    }

    @Test func aNodeThatIsNoDiskIsRefused() {
        for path in ["/dev/null", "/nowhere"] {
            #expect(throws: CgroupError.self) { try BlockDevice(node: path) }
        }
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "a/b", "/", "a\nb", "a\u{7f}", "a\0b", "cgroup.procs", "memory.max", "pids.x",
        String(repeating: "x", count: 256), String(repeating: "é", count: 128),
    ])
    func namesThatAreNoOneDirectoryAreRefused(name: String) {
        let error = #expect(throws: CgroupError.self) { try CgroupName.check(name, what: "leaf name") }
        #expect(error?.code == .invalidName)
        #expect(error?.description.contains("\n") == false)
    }

    @Test(arguments: ["7f3a.1", "a", "task 1", "ünï", "cgroup", String(repeating: "x", count: 255)])
    func ordinaryNamesAreTaken(name: String) throws {
        try CgroupName.check(name, what: "leaf name")
    }
}
