/// What a filter decides, with equal parts stored once: a node either returns or tests one word of `seccomp_data`.
struct DecisionGraph {
    /// A 32-bit word of `seccomp_data` after a mask.
    struct Word: Hashable {
        var offset: UInt32
        var mask: UInt32

        static let number = Word(offset: 0, mask: .max)
        static let arch = Word(offset: 4, mask: .max)
    }

    enum Node: Hashable {
        case ret(UInt32)
        /// `comparison` is a BPF jump code: `word comparison value ? ifTrue : ifFalse`.
        case test(Word, comparison: UInt16, value: UInt32, ifTrue: Int, ifFalse: Int)
    }

    private(set) var nodes: [Node] = []
    private var known: [Node: Int] = [:]

    subscript(_ node: Int) -> Node { nodes[node] }

    /// The node's index. A test that changes nothing is no node.
    mutating func add(_ node: Node) -> Int {
        if case .test(_, _, _, let ifTrue, let ifFalse) = node, ifTrue == ifFalse { return ifTrue }
        if let index = known[node] { return index }
        nodes.append(node)
        known[node] = nodes.count - 1
        return nodes.count - 1
    }
}

/// Writes a graph as BPF. Built from the end, since jumps only go forward: what a test leads to stands already.
struct GraphEmitter {
    private let graph: DecisionGraph
    private var reversed: [BPFInstruction] = []
    private var places: [Place: Int] = [:]

    /// A node, for those who come with a word in the accumulator: whoever brings the right one skips the load.
    private struct Place: Hashable {
        var node: Int
        var loaded: DecisionGraph.Word?
    }

    private init(_ graph: DecisionGraph) { self.graph = graph }

    static func emit(_ graph: DecisionGraph, root: Int) -> BPFProgram {
        var emitter = GraphEmitter(graph)
        _ = emitter.place(root, nil)
        return BPFProgram(emitter.reversed.reversed())
    }

    /// Where the node's code begins, counted from the program's end.
    private mutating func place(_ node: Int, _ loaded: DecisionGraph.Word?) -> Int {
        switch graph[node] {
        case .ret(let value):
            let place = Place(node: node, loaded: nil)
            // Out of a jump's reach a second return is as short as a jump to the first.
            if let found = places[place], reversed.count - found < 250 { return found }
            return append(BPFInstruction(BPFInstruction.ret, value), place)
        case .test(let word, let comparison, let value, let ifTrue, let ifFalse):
            let place = Place(node: node, loaded: loaded == word ? word : nil)
            if let found = places[place] { return found }
            var falseTarget = self.place(ifFalse, word)
            var trueTarget = self.place(ifTrue, word)
            // A jump in between moves the other target further away, so look again until both are near.
            while distance(falseTarget) > 255 || distance(trueTarget) > 255 {
                if distance(falseTarget) > 255 { falseTarget = appendJump(to: falseTarget) }
                if distance(trueTarget) > 255 { trueTarget = appendJump(to: trueTarget) }
            }
            var start = append(
                BPFInstruction(
                    comparison, value, jumpTrue: UInt8(distance(trueTarget)), jumpFalse: UInt8(distance(falseTarget))),
                place)
            if loaded != word {
                if word.mask != .max { start = append(BPFInstruction(BPFInstruction.and, word.mask), place) }
                start = append(BPFInstruction(BPFInstruction.loadAbsolute, word.offset), place)
            }
            return start
        }
    }

    /// Instructions between the next one to be written and the target.
    private func distance(_ target: Int) -> Int { reversed.count - target - 1 }

    private mutating func append(_ instruction: BPFInstruction, _ place: Place) -> Int {
        reversed.append(instruction)
        places[place] = reversed.count - 1
        return reversed.count - 1
    }

    private mutating func appendJump(to target: Int) -> Int {
        reversed.append(BPFInstruction(BPFInstruction.jump, UInt32(distance(target))))
        return reversed.count - 1
    }
}
