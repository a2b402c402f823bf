/// One instruction of classic BPF: `struct sock_filter` of linux/filter.h.
public struct BPFInstruction: Sendable, Hashable {
    public var code: UInt16
    /// Instructions to skip when a comparison holds, and when it does not.
    public var jumpTrue: UInt8
    public var jumpFalse: UInt8
    public var value: UInt32

    public init(_ code: UInt16, _ value: UInt32, jumpTrue: UInt8 = 0, jumpFalse: UInt8 = 0) {
        self.code = code
        self.jumpTrue = jumpTrue
        self.jumpFalse = jumpFalse
        self.value = value
    }

    /// The subset that seccomp filters use, by its names in linux/bpf_common.h: operation, mode or source.
    public static let loadAbsolute: UInt16 = 0x20
    public static let and: UInt16 = 0x54
    public static let jump: UInt16 = 0x05
    public static let jumpEqual: UInt16 = 0x15
    public static let jumpGreater: UInt16 = 0x25
    public static let jumpGreaterOrEqual: UInt16 = 0x35
    public static let jumpAnyBit: UInt16 = 0x45
    public static let ret: UInt16 = 0x06
}

/// A filter as a list of instructions.
struct BPFProgram: Sendable, Equatable {
    /// BPF_MAXINSNS of linux/bpf_common.h.
    static let lengthLimit = 4096

    var instructions: [BPFInstruction]

    init(_ instructions: [BPFInstruction]) { self.instructions = instructions }

    /// Nil where the bytes are no whole number of instructions.
    init?(bytes: [UInt8]) {
        if bytes.isEmpty || bytes.count % 8 != 0 || bytes.count / 8 > BPFProgram.lengthLimit { return nil }
        instructions = bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count, by: 8).map { offset in
                BPFInstruction(
                    raw.loadUnaligned(fromByteOffset: offset, as: UInt16.self),
                    raw.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
                    jumpTrue: raw[offset + 2], jumpFalse: raw[offset + 3])
            }
        }
    }

    /// In the machine's byte order, as the kernel takes it.
    var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(instructions.count * 8)
        for instruction in instructions {
            withUnsafeBytes(of: instruction.code) { result.append(contentsOf: $0) }
            result.append(instruction.jumpTrue)
            result.append(instruction.jumpFalse)
            withUnsafeBytes(of: instruction.value) { result.append(contentsOf: $0) }
        }
        return result
    }
}
