import Glibc
import Testing

@testable import CgroupV2

@Suite struct LeaseTests {
    @Test(arguments: ["task-1", "", "a=b\nv=2", "100%", "ünï\0", "%0a"])
    func leasesSurviveTheRoundTrip(task: String) throws {
        var lease = Lease.test(task: task, attempt: .max)
        #expect(LeaseCodec.decode(try LeaseCodec.encode(lease)) == lease)
        lease.deadlineUnixMilliseconds = nil
        #expect(LeaseCodec.decode(try LeaseCodec.encode(lease)) == lease)
    }

    @Test func aLeaseCutOffAnywhereIsNoLease() throws {
        let bytes = try LeaseCodec.encode(.test())
        for length in 0..<bytes.count { #expect(LeaseCodec.decode(Array(bytes[..<length])) == nil) }
        #expect(LeaseCodec.decode(bytes) == .test())
    }

    @Test(arguments: [
        "v=2\nworker=a\nboot=b\npid=1\nstart=1\ntask=t\nattempt=1\n",
        "v=1\nworker=a\nboot=b\npid=0\nstart=1\ntask=t\nattempt=1\n",
        "v=1\nworker=a\nboot=b\npid=1\nstart=-1\ntask=t\nattempt=1\n",
        "v=1\nworker=%zz\nboot=b\npid=1\nstart=1\ntask=t\nattempt=1\n",
        "v=1\nworker=%f\nboot=b\npid=1\nstart=1\ntask=t\nattempt=1\n",
        "v=1\nworker=%ff\nboot=b\npid=1\nstart=1\ntask=t\nattempt=1\n",
        "v=1\nworker=a\nboot=b\npid=1\nstart=1\ntask=t\nattempt=4294967296\n",
        "v=1\nv=1\nworker=a\nboot=b\npid=1\nstart=1\ntask=t\nattempt=1\n",
        "v=1\nworker=a\nboot=b\npid=1\nstart=1\ntask=t\ndeadline_ms=x\nattempt=1\n", "junk\n", "=\n",
    ])
    func hostileLeasesAreNoLeases(text: String) {
        #expect(LeaseCodec.decode(Array(text.utf8)) == nil)
    }

    @Test func unknownKeysOfALaterVersionAreIgnored() throws {
        #expect(LeaseCodec.decode(Array("new=1\n".utf8) + (try LeaseCodec.encode(.test()))) == .test())
    }

    @Test func notesSurviveTheRoundTripAndOlderVersionsReadTheRest() throws {
        var lease = Lease.test(task: "t")
        lease.notes = ["target": "/src with = and\nline\0", "audit_id": "", "Upper": "no note", "": "none"]
        let text = String(decoding: try LeaseCodec.encode(lease), as: UTF8.self)
        let read = try #require(LeaseCodec.decode(Array(text.utf8)))
        #expect(read.notes == ["target": "/src with = and\nline\0", "audit_id": ""])
        // What a version before notes does: it passes unknown keys over.
        let without = text.split(separator: "\n").filter { !$0.hasPrefix("run.") }.map { $0 + "\n" }.joined()
        #expect(LeaseCodec.decode(Array(without.utf8)) == .test(task: "t"))
        #expect(LeaseCodec.decode(Array("run.x=%zz\n\(without)".utf8)) == nil)
    }

    @Test func namesThatDoNotFitAreRefused() {
        #expect(throws: CgroupError.self) { try LeaseCodec.encode(.test(task: String(repeating: "%", count: 2000))) }
    }

    @Test func theStartTimeIsFoundBehindAnyCommandName() {
        let rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20"
        #expect(WorkerIdentity.startTime(inStat: "77 (sh)\(rest)\n") == 4242)
        #expect(WorkerIdentity.startTime(inStat: "77 (a) b (c)\(rest)\n") == 4242)
        #expect(WorkerIdentity.startTime(inStat: "77 (sh) S 1") == nil)
    }

    @Test func aWorkerKnowsItself() throws {
        let one = try WorkerIdentity.current(id: "w")
        #expect(one.pid == getpid() && one.startTime > 0 && one.bootID.utf8.count == 36)
        #expect(try WorkerIdentity.current(id: "w") == one)
    }
}
