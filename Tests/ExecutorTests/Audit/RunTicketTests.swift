import CgroupV2
import Testing

@testable import Executor

@Suite struct RunTicketTests {
    /// Each byte of such names takes three in the lease.
    @Test func aTargetIsShortenedToWhatTheLeaseHasLeft() throws {
        let directory = "/" + String(repeating: "é", count: 511)
        var ticket = RunTicket(
            auditID: ULID.make(), auditDirectory: directory, auditAfter: 7, startedAt: Timestamp(milliseconds: 1))
        ticket.target = "/" + String(repeating: "ü", count: 2000)
        var lease = Lease(
            worker: WorkerIdentity(id: "w", bootID: "b", pid: 1, startTime: 1), task: "t", attempt: 1)
        lease.notes = ticket.notes(for: lease)
        #expect(LeaseCodec.room(in: lease) >= 0)
        let read = try #require(RunTicket(lease))
        #expect(read.auditDirectory == directory)
        #expect(read.target?.hasPrefix("/ü") == true && read.target?.hasSuffix("ü…") == true)
    }
}
