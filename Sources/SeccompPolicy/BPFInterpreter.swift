/// A system call as a filter sees it: `struct seccomp_data` of linux/seccomp.h.
public struct SeccompCall: Sendable, Hashable {
    public var number: Int32
    /// AUDIT_ARCH_*.
    public var arch: UInt32
    public var instructionPointer: UInt64
    /// Up to six; the rest is 0.
    public var arguments: [UInt64]

    public init(number: Int32, arch: UInt32, instructionPointer: UInt64 = 0, arguments: [UInt64] = []) {
        self.number = number
        self.arch = arch
        self.instructionPointer = instructionPointer
        self.arguments = arguments
    }

    /// The 32-bit word at a byte offset of the structure, little-endian halves of 64-bit fields; nil outside of it.
    func word(at offset: UInt32) -> UInt32? {
        switch offset {
        case 0: return UInt32(bitPattern: number)
        case 4: return arch
        case 8: return UInt32(truncatingIfNeeded: instructionPointer)
        case 12: return UInt32(truncatingIfNeeded: instructionPointer >> 32)
        case 16..<64 where offset % 4 == 0:
            let index = Int(offset - 16) / 8
            let argument = index < arguments.count ? arguments[index] : 0
            return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
        default: return nil
        }
    }
}

/// Runs a filter in user space as the kernel would: to say what a call would have got, and to test filters call by call.
enum BPFInterpreter {
    /// What the program returns; nil where it is not a program that seccomp(2) would take.
    static func run(_ program: BPFProgram, on call: SeccompCall) -> UInt32? {
        var accumulator: UInt32 = 0
        var position = 0
        // Jumps only go forward, so each step gets closer to the end.
        while position < program.instructions.count {
            let instruction = program.instructions[position]
            position += 1
            func branch(_ holds: Bool) { position += Int(holds ? instruction.jumpTrue : instruction.jumpFalse) }
            switch instruction.code {
            case BPFInstruction.loadAbsolute:
                guard let word = call.word(at: instruction.value) else { return nil }
                accumulator = word
            case BPFInstruction.and: accumulator &= instruction.value
            case BPFInstruction.jump: position += Int(instruction.value)
            case BPFInstruction.jumpEqual: branch(accumulator == instruction.value)
            case BPFInstruction.jumpGreater: branch(accumulator > instruction.value)
            case BPFInstruction.jumpGreaterOrEqual: branch(accumulator >= instruction.value)
            case BPFInstruction.jumpAnyBit: branch(accumulator & instruction.value != 0)
            case BPFInstruction.ret: return instruction.value
            default: return nil
            }
        }
        return nil
    }
}
