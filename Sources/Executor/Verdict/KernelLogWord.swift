/// What the kernel's log says of the system calls for which a filter killed processes of a run.
public enum KernelLogWord: Sendable, Equatable {
    /// Nobody looked: SIGSYS did not end the scanner, or no filter of ours was there.
    case notAsked
    /// It cannot be read here; the reason.
    case unreadable(String)
    /// No line in time. `dropped`: the kernel says that it left lines out.
    case silent(dropped: Bool)
    /// In the order of the log; at least one.
    case calls([FilteredCall])

    /// The call that the scanner died of: where the log names one, and only one. With several, nobody can tell which of
    /// them was the scanner's and which a helper's.
    var call: FilteredCall? {
        guard case .calls(let calls) = self, let first = calls.first, calls.allSatisfy({ $0 == first }) else {
            return nil
        }
        return first
    }
}

/// A system call that a filter answered with death.
public struct FilteredCall: Sendable, Hashable {
    public var number: Int64
    /// AUDIT_ARCH_* of <linux/audit.h>: by which table the number is to be read.
    public var architecture: UInt32
    /// By libseccomp's table; nil for another architecture's number, or for one that it does not know.
    public var name: String?

    public init(number: Int64, architecture: UInt32, name: String? = nil) {
        self.number = number
        self.architecture = architecture
        self.name = name
    }

    /// `ptrace`, or what is known instead.
    var text: String {
        name ?? "system call \(number) of architecture 0x\(String(architecture, radix: 16))"
    }
}
