/// One record of `/dev/kmsg` (Documentation/ABI/testing/dev-kmsg) in which the audit code of the kernel says that a filter
/// killed a process (audit_seccomp() in kernel/auditsc.c):
///
///     5,551,10582827185,-;audit: type=1326 audit(1795291299.534:210): auid=… uid=… gid=… ses=… subj=… pid=… comm="…" exe="…" sig=31 arch=c000003e syscall=308 compat=0 ip=0x… code=0x80000000
///
/// The program chooses `comm` and `exe`. The head is therefore read from the left, the tail from the right, and what lies
/// between not at all: the kernel writes the two as hexadecimal digits where they hold a space or a quote, so that no part
/// of them can pass for a head or a tail.
struct SeccompLogLine: Equatable {
    /// Of the process, in the initial user namespace.
    var uid: UInt32
    var signal: Int32
    var architecture: UInt32
    var syscall: Int64

    /// Nil for every other record.
    init?(record: some StringProtocol) {
        guard let semicolon = record.firstIndex(of: ";") else { return nil }
        let prefix = record[..<semicolon].split(separator: ",", omittingEmptySubsequences: false)
        // Facility 0 is the kernel; whoever writes to /dev/kmsg gets another.
        guard prefix.count >= 3, let priority = Self.number(Substring(prefix[0])), priority < 8 else { return nil }
        let message = Substring(record[record.index(after: semicolon)...].prefix { $0 != "\n" })
        let words = message.split(separator: " ", omittingEmptySubsequences: false)
        // Three words of the head, four numbers, `pid`, `comm` and `exe` at least, and the six of the tail.
        guard words.count >= 16, words[0] == "audit:", words[1] == "type=1326", words[2].hasPrefix("audit("),
            words[2].hasSuffix("):"), Self.number(words[3], after: "auid=") != nil,
            let uid = Self.number(words[4], after: "uid=").flatMap({ UInt32(exactly: $0) }),
            Self.number(words[5], after: "gid=") != nil, Self.number(words[6], after: "ses=") != nil
        else { return nil }
        let tail = Array(words.suffix(6))
        guard let signal = Self.number(tail[0], after: "sig=").flatMap({ Int32(exactly: $0) }),
            let architecture = Self.number(tail[1], after: "arch=", radix: 16).flatMap({ UInt32(exactly: $0) }),
            let syscall = Self.number(tail[2], after: "syscall=").flatMap({ Int64(exactly: $0) }),
            Self.number(tail[3], after: "compat=") != nil, Self.number(tail[4], after: "ip=0x", radix: 16) != nil,
            Self.number(tail[5], after: "code=0x", radix: 16) != nil
        else { return nil }
        self.uid = UInt32(uid)
        self.signal = signal
        self.architecture = architecture
        self.syscall = syscall
    }

    /// Whether the kernel says here that audit lines were left out: printk's rate limit, or a full queue.
    static func saysDropped(_ record: some StringProtocol) -> Bool {
        guard let semicolon = record.firstIndex(of: ";") else { return false }
        let message = record[record.index(after: semicolon)...]
        return message.hasPrefix("kauditd_printk_skb: ") || message.hasPrefix("audit: audit_lost=")
    }

    private static func number(_ word: Substring, after key: String = "", radix: Int = 10) -> UInt64? {
        guard word.hasPrefix(key) else { return nil }
        let digits = word.dropFirst(key.count)
        // A sign or a capital letter is not the kernel's.
        guard !digits.isEmpty,
            digits.utf8.allSatisfy({ (48...57).contains($0) || radix == 16 && (97...102).contains($0) })
        else { return nil }
        return UInt64(digits, radix: radix)
    }
}
