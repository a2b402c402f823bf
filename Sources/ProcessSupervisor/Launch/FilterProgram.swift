import CLaunch

/// A seccomp filter as the kernel takes it: a classic BPF program, struct sock_filter by struct sock_filter.
public final class FilterProgram: Sendable {
    let instructions: [claunch_instruction]

    /// - Parameter bpf: the program's bytes in the machine's order, eight an instruction. Nil where that is no whole number
    ///   of them, none at all, or more than BPF_MAXINSNS (4096).
    public init?(bpf: [UInt8]) {
        if bpf.isEmpty || bpf.count % 8 != 0 || bpf.count / 8 > 4096 { return nil }
        instructions = bpf.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: claunch_instruction.self) }
        }
    }
}
