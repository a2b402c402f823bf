import CSeccomp

/// Makes a filter smaller without changing an answer. Every launch pays for each instruction: the kernel copies, checks,
/// translates and compiles the program anew for each process, some 0.25 us an instruction.
///
/// libseccomp compares with each number that has a rule. Here the program is followed for each number, which gives a graph of
/// tests on arguments; neighbouring numbers with the same graph become one range, and the ranges a binary tree. Only
/// instructions that Linux 5.11 and later understand when they look for calls that are always allowed (and then skip the
/// filter) are written: loads, AND, comparisons and returns.
struct FilterOptimizer {
    private let program: BPFProgram
    private let arch: UInt32
    private var graph = DecisionGraph()

    private init(_ program: BPFProgram, _ arch: UInt32) {
        self.program = program
        self.arch = arch
    }

    /// The smaller program, or the same where it is not of the kind that libseccomp makes for one architecture.
    static func optimize(_ program: BPFProgram, arch: UInt32) -> BPFProgram {
        var optimizer = FilterOptimizer(program, arch)
        guard optimizer.killsForeignArchitectures, let root = optimizer.dispatch() else { return program }
        let smaller = GraphEmitter.emit(optimizer.graph, root: root)
        return smaller.instructions.count < program.instructions.count ? smaller : program
    }

    /// Whether the program begins with the comparison that libseccomp writes first, and whatever is not this architecture
    /// goes straight to a kill: through jumps and further comparisons with this architecture alone.
    private var killsForeignArchitectures: Bool {
        var index = 0
        while index < program.instructions.count {
            let instruction = program.instructions[index]
            switch instruction.code {
            case BPFInstruction.jump where index > 0: index += 1 + Int(instruction.value)
            case BPFInstruction.ret where index > 0: return instruction.value == CSEC_KILL_PROCESS
            case BPFInstruction.loadAbsolute where instruction.value == 4 && index + 1 < program.instructions.count:
                let next = program.instructions[index + 1]
                if next.code != BPFInstruction.jumpEqual || next.value != arch { return false }
                index += 2 + Int(next.jumpFalse)
            default: return false
            }
        }
        return false
    }

    /// A run of numbers that get the same answer.
    private struct Run {
        var first: UInt32
        var node: Int
    }

    private mutating func dispatch() -> Int? {
        // Between two constants of the program all numbers compare alike.
        var points: Set<UInt32> = [0]
        for instruction in program.instructions
        where instruction.code & 0x07 == 0x05 && instruction.code != BPFInstruction.jump {
            points.insert(instruction.value)
            if instruction.value != .max { points.insert(instruction.value + 1) }
        }
        var runs: [Run] = []
        for point in points.sorted() {
            var walk = Walk(program: program, number: point, arch: arch)
            guard let node = walk.decide(0, .constant(0), &graph) else { return nil }
            if runs.last?.node != node { runs.append(Run(first: point, node: node)) }
        }
        let tree = balance(fold(runs)[...])
        let kill = graph.add(.ret(CSEC_KILL_PROCESS))
        return graph.add(.test(.arch, comparison: BPFInstruction.jumpEqual, value: arch, ifTrue: tree, ifFalse: kill))
    }

    /// One number among others that agree costs one test for equality instead of two for the ends of ranges.
    private mutating func fold(_ runs: [Run]) -> [Run] {
        var result: [Run] = []
        var index = 0
        while index < runs.count {
            var run = runs[index]
            let around = run.node
            var folded = 0
            while index + 2 < runs.count, folded < 3, runs[index + 2].node == around,
                runs[index + 1].first + 1 == runs[index + 2].first
            {
                run.node = graph.add(
                    .test(
                        .number, comparison: BPFInstruction.jumpEqual, value: runs[index + 1].first,
                        ifTrue: runs[index + 1].node,
                        ifFalse: run.node))
                index += 2
                folded += 1
            }
            result.append(run)
            index += 1
        }
        return result
    }

    private mutating func balance(_ runs: ArraySlice<Run>) -> Int {
        if runs.count == 1 { return runs[runs.startIndex].node }
        let middle = runs.startIndex + runs.count / 2
        let lower = balance(runs[..<middle])
        let upper = balance(runs[middle...])
        return graph.add(
            .test(
                .number, comparison: BPFInstruction.jumpGreaterOrEqual, value: runs[middle].first, ifTrue: upper,
                ifFalse: lower))
    }
}

/// Follows a program with a known number and architecture: what is left are tests on arguments.
private struct Walk {
    let program: BPFProgram
    let number: UInt32
    let arch: UInt32
    private var decided: [Position: Int] = [:]

    init(program: BPFProgram, number: UInt32, arch: UInt32) {
        self.program = program
        self.number = number
        self.arch = arch
    }

    /// What the accumulator holds.
    enum Accumulator: Hashable {
        /// The number or the architecture. May be compared, but not masked: neighbours would no longer compare alike.
        case fixed(UInt32)
        case constant(UInt32)
        case word(DecisionGraph.Word)
    }

    private struct Position: Hashable {
        var index: Int
        var accumulator: Accumulator
    }

    /// Nil for a program with instructions that libseccomp does not write.
    mutating func decide(_ start: Int, _ loaded: Accumulator, _ graph: inout DecisionGraph) -> Int? {
        let key = Position(index: start, accumulator: loaded)
        if let known = decided[key] { return known }
        var (index, accumulator) = (start, loaded)
        while index < program.instructions.count {
            let instruction = program.instructions[index]
            index += 1
            switch instruction.code {
            case BPFInstruction.loadAbsolute:
                accumulator =
                    switch instruction.value {
                    case 0: .fixed(number)
                    case 4: .fixed(arch)
                    default: .word(DecisionGraph.Word(offset: instruction.value, mask: .max))
                    }
            case BPFInstruction.and:
                switch accumulator {
                case .fixed: return nil
                case .constant(let value): accumulator = .constant(value & instruction.value)
                case .word(var word):
                    word.mask &= instruction.value
                    accumulator = word.mask == 0 ? .constant(0) : .word(word)
                }
            case BPFInstruction.jump: index += Int(instruction.value)
            case BPFInstruction.ret:
                decided[key] = graph.add(.ret(instruction.value))
                return decided[key]
            default:
                let (ifTrue, ifFalse) = (index + Int(instruction.jumpTrue), index + Int(instruction.jumpFalse))
                switch accumulator {
                // Neighbours do not agree in single bits: the number at hand would not stand for the others of its range.
                case .fixed where instruction.code == BPFInstruction.jumpAnyBit: return nil
                case .fixed(let value), .constant(let value):
                    guard let holds = compare(value, instruction) else { return nil }
                    index = holds ? ifTrue : ifFalse
                case .word(let word):
                    guard compare(0, instruction) != nil, let yes = decide(ifTrue, accumulator, &graph),
                        let no = decide(ifFalse, accumulator, &graph)
                    else { return nil }
                    decided[key] = graph.add(
                        .test(word, comparison: instruction.code, value: instruction.value, ifTrue: yes, ifFalse: no))
                    return decided[key]
                }
            }
        }
        return nil
    }

    private func compare(_ value: UInt32, _ instruction: BPFInstruction) -> Bool? {
        switch instruction.code {
        case BPFInstruction.jumpEqual: value == instruction.value
        case BPFInstruction.jumpGreater: value > instruction.value
        case BPFInstruction.jumpGreaterOrEqual: value >= instruction.value
        case BPFInstruction.jumpAnyBit: value & instruction.value != 0
        default: nil
        }
    }
}
