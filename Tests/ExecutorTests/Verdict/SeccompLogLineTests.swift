import Testing

@testable import Executor

/// Records of /dev/kmsg: real ones, and what a hostile program can put into them.
@Suite struct SeccompLogLineTests {
    private static func record(
        comm: String = "\"perl\"", exe: String = "\"/usr/bin/perl\"", uid: String = "2000000000",
        priority: String = "5",
        tail: String = "sig=31 arch=c000003e syscall=246 compat=0 ip=0x7fc415d57829 code=0x80000000"
    ) -> String {
        "\(priority),552,10582830075,-;audit: type=1326 audit(1795291299.538:211): auid=4294967295 uid=\(uid) gid=2000000000 "
            + "ses=4294967295 pid=8592 comm=\(comm) exe=\(exe) \(tail)\n"
    }

    @Test func aRealLineIsRead() throws {
        let line = try #require(SeccompLogLine(record: Self.record()))
        #expect((line.uid, line.signal, line.architecture, line.syscall) == (2_000_000_000, 31, 0xc000_003e, 246))
    }

    /// As Linux 6.18 wrote it, with a caller field (CONFIG_PRINTK_CALLER) and a label of AppArmor, which may hold spaces.
    @Test func fieldsBetweenHeadAndTailDoNotMatter() throws {
        let line = SeccompLogLine(
            record: """
                5,7,99,-,caller=T8592;audit: type=1326 audit(1795291299.538:211): auid=0 uid=7 gid=7 ses=1 \
                subj=docker-default (enforce) pid=8592 comm=612062 exe="/usr/bin/perl" sig=31 arch=c000003e syscall=1073741863 \
                compat=0 ip=0x1 code=0x80000000
                 SUBSYSTEM=audit
                """)
        #expect(line?.uid == 7)
        #expect(line?.syscall == 1_073_741_863)
    }

    @Test(arguments: [
        // Quotes and spaces never come as themselves; were they to, head and tail would still be the kernel's.
        record(comm: "\"x uid=0 sig=31 arch=c000003e syscall=1 compat=0 ip=0x0 code=0x0\""),
        record(exe: "\"/tmp/a sig=31 arch=c000003e syscall=59 compat=0 ip=0x0 code=0x80000000\""),
        record(comm: "612073796e", exe: "2F746D702F61"),
    ])
    func aHostileNameChangesNothing(record: String) {
        #expect(SeccompLogLine(record: record) == SeccompLogLine(record: Self.record()))
    }

    @Test(arguments: [
        "", ";", "5,1,2,-;", "no record at all",
        // What a process writes to /dev/kmsg has facility 1 (user) or another that is not 0.
        record(priority: "12"), record(priority: "13"), record(priority: "-5"), record(priority: ""),
        record(uid: "-1"), record(uid: "4294967296"), record(uid: "99999999999999999999999"), record(uid: ""),
        record(uid: "0x10"), record(tail: "sig=31 arch=c000003e syscall=246 compat=0 ip=0x7fc415d57829"),
        // Cut short, as a line over the kernel's limit is.
        record(tail: "sig=31 arch=c000003e sysc"),
        record(tail: "sig=31 arch=C000003E syscall=1 compat=0 ip=0x1 code=0x0"),
        record(tail: "sig=31 arch=c000003e syscall=-1 compat=0 ip=0x1 code=0x0"),
        record(tail: "sig=31 arch=1c000003e syscall=1 compat=0 ip=0x1 code=0x0"),
        record().replacing("type=1326", with: "type=1701"), record().replacing("audit: ", with: "audit:"),
        record().replacing("audit: ", with: "x audit: "),
        "6,1,2,-;sh[12]: segfault at 0 ip 0 sp 0 error 4 in sh[0+1]",
    ])
    func whatIsNoSuchLineIsNone(record: String) {
        #expect(SeccompLogLine(record: record) == nil)
    }

    @Test func linesThatWereLeftOutAreNoticed() {
        #expect(SeccompLogLine.saysDropped("4,549,10582823205,-;kauditd_printk_skb: 6 callbacks suppressed"))
        #expect(SeccompLogLine.saysDropped("3,549,1,-;audit: audit_lost=12 audit_rate_limit=0 audit_backlog_limit=64"))
        #expect(!SeccompLogLine.saysDropped(Self.record()))
        #expect(!SeccompLogLine.saysDropped("audit: audit_lost="))
    }
}
