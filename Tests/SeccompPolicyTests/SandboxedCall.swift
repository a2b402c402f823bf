import CSeccompTestSupport
import SeccompPolicy
import Testing

/// A system call that a test makes in a child under a filter.
struct SandboxedCall: Sendable, CustomTestStringConvertible {
    var name: String
    var number: Int64
    var arguments: [UInt64]
    var entry = CInt(CSTS_SYSCALL)

    init(_ name: String, _ arguments: UInt64...) throws {
        self.name = name
        self.number = Int64(try SyscallName.number(for: name))
        self.arguments = arguments
    }

    init(number: Int64, entry: CInt = CInt(CSTS_SYSCALL), _ arguments: UInt64...) {
        self.name = "number \(number)"
        self.number = number
        self.arguments = arguments
        self.entry = entry
    }

    var testDescription: String { "\(name)(\(arguments.map { String($0, radix: 16) }.joined(separator: ", ")))" }

    var native: csts_call {
        var call = csts_call()
        call.number = number
        call.entry = entry
        withUnsafeMutableBytes(of: &call.arguments) { raw in
            let slots = raw.bindMemory(to: UInt64.self)
            for (index, argument) in arguments.enumerated() { slots[index] = argument }
        }
        return call
    }

    enum Outcome: Equatable, CustomStringConvertible {
        /// What the call returned; a negated errno on failure.
        case returned(Int64)
        case signaled(CInt)

        var description: String {
            switch self {
            case .returned(let value): "returned \(value)"
            case .signaled(let signal): "signal \(signal)"
            }
        }
    }

    /// Under the filter, or under none.
    func run(under filter: CompiledFilter?) throws -> Outcome {
        var call = native
        var outcome = csts_outcome()
        let bpf = filter?.bpf ?? []
        let result = bpf.withUnsafeBytes { csts_call($0.baseAddress, $0.count, &call, &outcome) }
        try #require(result == 0, "errno \(-result)")
        return outcome.returned != 0 ? .returned(outcome.result) : .signaled(outcome.signal)
    }
}
