import Glibc
import Testing

@testable import CgroupV2
@testable import Executor

@Suite struct DoctorTests {
    /// A host on which nothing is wanting.
    private static var goodHost: HostFacts {
        var facts = HostFacts()
        facts.isRoot = true
        facts.kernel = "6.1.0-18-amd64"
        facts.cgroupMount = .works("/sys/fs/cgroup")
        facts.cgroupRoot = .works("/sys/fs/cgroup/scan.slice")
        facts.cgroups = CgroupFeatures(
            offeredControllers: Set(Controller.allCases), enabledControllers: Set(Controller.allCases), hasKill: true,
            hasMemoryPeak: true, hasPIDsPeak: true, hasSwapLimit: true, hasPressure: true, leaseAttribute: .user)
        facts.host = .works("proved")
        facts.namespaces = ["pid", "mnt", "net", "ipc", "uts", "cgroup"].map { ($0, .works("can be made")) }
        facts.tmpfs = .works("works")
        facts.bind = .works("works")
        facts.idMapped = .works("works")
        facts.sandbox = .works("works")
        facts.seccompActions = ["kill_process", "errno", "user_notif", "log", "allow"]
        facts.libseccomp = "2.5.4"
        facts.filter = .works("default")
        facts.landlockABI = 4
        facts.uidRange = "1 to 2"
        facts.corePattern = "core"
        facts.scanners = [.init(profile: "bandit", program: "bandit", path: "/usr/bin/bandit")]
        return facts
    }

    @Test func goodHostLacksNothing() {
        let diagnosis = HostDiagnosis(Self.goodHost, enforcement: .require)
        #expect(diagnosis.checks.filter { $0.status != .ok } == [])
        #expect(diagnosis.isUsable)
        #expect(Set(diagnosis.checks.map(\.name)).count == diagnosis.checks.count)
    }

    struct Lack: Sendable {
        var name: String
        var status: HostCheck.Status
        var change: @Sendable (inout HostFacts) -> Void
        init(_ name: String, _ status: HostCheck.Status, _ change: @escaping @Sendable (inout HostFacts) -> Void) {
            (self.name, self.status, self.change) = (name, status, change)
        }
    }

    static let lacks: [Lack] = [
        Lack("root", .missing) { $0.isRoot = false },
        Lack("kernel", .missing) { $0.kernel = "5.4.0" },
        Lack("kernel", .degraded) { $0.kernel = "5.13.0" },
        Lack("kernel", .degraded) { $0.kernel = "strange" },
        Lack("cgroup2 mount", .missing) { $0.cgroupMount = .fails("none") },
        Lack("cgroup root", .missing) { $0.cgroupRoot = .fails("not delegated") },
        Lack("memory controller", .missing) { $0.cgroups?.enabledControllers.remove(.memory) },
        Lack("io controller", .degraded) { $0.cgroups?.enabledControllers.remove(.io) },
        Lack("cgroup.kill", .degraded) { $0.cgroups?.hasKill = false },
        Lack("memory.peak", .degraded) { $0.cgroups?.hasMemoryPeak = false },
        Lack("pids.peak", .degraded) { $0.cgroups?.hasPIDsPeak = false },
        Lack("pressure", .degraded) { $0.cgroups?.hasPressure = false },
        Lack("lease attributes", .degraded) { $0.cgroups?.leaseAttribute = nil },
        Lack("swap", .degraded) { facts in
            facts.hasSwap = true
            facts.cgroups?.hasSwapLimit = false
        },
        Lack("net namespace", .missing) { $0.namespaces[2].probe = .fails("EPERM") },
        Lack("tmpfs by fsopen", .missing) { $0.tmpfs = .fails("ENOSYS") },
        Lack("bind by open_tree", .missing) { $0.bind = .fails("ENOSYS") },
        Lack("id-mapped mounts", .degraded) { $0.idMapped = .fails("EINVAL") },
        Lack("birth in a cgroup", .missing) { $0.host = .fails("elsewhere") },
        Lack("memfd execution", .missing) { $0.memfdNoexec = 2 },
        Lack("sandbox", .missing) { $0.sandbox = .fails("mount") },
        Lack("private /proc", .missing) { $0.failedStep = "proc" },
        Lack("seccomp", .missing) { $0.seccompActions = nil },
        Lack("seccomp notification", .degraded) { $0.seccompActions = ["kill_process", "errno"] },
        Lack("seccomp profile", .missing) { $0.filter = .fails("no such profile") },
        Lack("filter cache", .degraded) { $0.filterCacheProblem = "not private" },
        Lack("Landlock", .degraded) { $0.landlockABI = nil },
        Lack("sandbox uids", .missing) { $0.uidConflicts = ["somebody 2000000001 in /etc/passwd"] },
        Lack("core dumps", .degraded) { $0.corePattern = "|/usr/lib/systemd/systemd-coredump" },
        Lack("scanner bandit", .degraded) { $0.scanners[0].path = nil },
        Lack("scanner profiles", .degraded) { $0.scanners = [] },
    ]

    @Test(arguments: lacks) func lackIsNamedWithItsRemedy(_ lack: Lack) throws {
        var facts = Self.goodHost
        lack.change(&facts)
        let diagnosis = HostDiagnosis(facts, enforcement: .require)
        let check = try #require(diagnosis.checks.first { $0.name == lack.name })
        #expect(check.status == lack.status)
        #expect(check.remedy?.isEmpty == false)
        #expect(!check.neededFor.isEmpty)
        #expect(diagnosis.isUsable == (lack.status != .missing))
    }

    @Test func missingControllerOnlyLessensBestEffort() {
        var facts = Self.goodHost
        facts.cgroups?.enabledControllers = []
        #expect(!HostDiagnosis(facts, enforcement: .require).isUsable)
        #expect(HostDiagnosis(facts, enforcement: .bestEffort).isUsable)
    }

    @Test func whatAMissingControllerTakesAlongIsNotBlamedOnTheKernel() throws {
        var facts = Self.goodHost
        facts.cgroups?.enabledControllers.subtract([.memory, .pids])
        facts.cgroups?.hasMemoryPeak = false
        facts.cgroups?.hasPIDsPeak = false
        let checks = HostDiagnosis(facts, enforcement: .bestEffort).checks
        for (name, controller) in [("memory.peak", "memory"), ("pids.peak", "pids")] {
            let check = try #require(checks.first { $0.name == name })
            #expect(check.status == .degraded && check.found == "absent, as the \(controller) controller is")
            #expect(check.remedy == "see \(controller) controller")
        }
    }

    @Test func uidsOfOthersAreFound() {
        var settings = HostSettings(seccompDirectories: [])
        settings.firstUID = 100_000
        settings.slotCount = 256
        let conflicts = UIDConflicts(settings)
        #expect(
            conflicts.conflicts(in: "root:x:0:0::/root:/bin/sh\nme:x:100255:1::/:/bin/sh\n", isRange: false) == [
                "me 100255"
            ])
        #expect(conflicts.conflicts(in: "me:100256:65536\nyou:34465:65536\n", isRange: true) == ["you 34465"])
        #expect(conflicts.conflicts(in: "odd\n:::\na:b:c\nx:9223372036854775807:9\n", isRange: true) == [])
    }
}

extension SandboxTests {
    @Test func doctorFindsThisHostUsable() throws {
        let finished = try Tool.run("doctor")
        #expect(finished.status == 0, "\(finished.stdout)")
        #expect(finished.stdout.contains("sandboxes work on this host"))
        #expect(TestHost.leaves.isEmpty)
        let json = try Tool.run("doctor", "--json").stdout
        #expect(
            json.hasPrefix(
                "{\"schema\":\"scan-executor/doctor/1\",\"usable\":true,\"checks\":[{\"name\":\"root\",\"status\":\"ok\""
            ))
    }

    @Test func doctorNamesTheWorkingDirectoryInFull() throws {
        let finished = try Tool.run(after: "cd /", "doctor", "--json")
        #expect(finished.stdout.contains("only their owner can read, below /\""), "\(finished.stdout)")
    }

    @Test(.needsNoControllers) func doctorSaysThatLimitsAreMissing() throws {
        let finished = try Tool.run("doctor", "--enforcement", "require")
        #expect(finished.status == 69)
        #expect(finished.stdout.contains("missing   memory controller"))
    }
}
