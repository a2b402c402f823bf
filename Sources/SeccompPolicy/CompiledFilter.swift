/// A filter that is ready to be installed: `bpf` goes to seccomp(2) as it is, from the child, as the last step before exec.
///
/// SECCOMP_SET_MODE_FILTER needs no_new_privs (or CAP_SYS_ADMIN). ``FilterMode/notify`` also needs
/// SECCOMP_FILTER_FLAG_NEW_LISTENER, and the descriptor that the call returns belongs to a ``RefusalRecorder``.
public struct CompiledFilter: Sendable, Equatable {
    /// Where the bytes came from.
    public enum Source: String, Sendable {
        case compiled
        case diskCache
        case memoryCache
    }

    /// The profile's name.
    public let name: String
    /// SHA-256 of the profile's canonical text, includes merged, in hexadecimal.
    public let sha256: String
    public let mode: FilterMode
    /// `struct sock_filter` entries of 8 bytes, in the machine's byte order.
    public let bpf: [UInt8]
    public internal(set) var source: Source
    /// Why the disk cache could not be used, for the operator; nil when all is well. The filter is good all the same.
    public internal(set) var cacheProblem: String?

    /// Entries in ``bpf``: `sock_fprog.len`.
    public var instructionCount: Int { bpf.count / 8 }

    /// What the filter answers to a call, without a kernel. Nil for an answer that no filter of ours gives.
    public func action(for call: SeccompCall) -> SeccompAction? {
        guard let program = BPFProgram(bytes: bpf), let value = BPFInterpreter.run(program, on: call) else {
            return nil
        }
        return SeccompAction(returnValue: value)
    }
}
