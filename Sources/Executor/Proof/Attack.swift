import CgroupV2
import SystemSupport

/// One attack of `scan-probe`: what is guaranteed against it, what it is run with, and what must come of it.
public struct Attack: Sendable {
    /// What it is aimed at.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// More than the run may use.
        case resources
        /// Life after the run's end.
        case survival
        /// The host, the kernel, the worker.
        case escape
        /// Whoever reads what the run left.
        case output
        /// Other runs on the same host.
        case tasks
    }

    /// What is wrong with an observation, in one sentence; nil where all is as it must be.
    typealias Check = @Sendable (ProofObservation) -> String?

    /// The subcommand of `scan-probe`.
    public let name: String
    public let family: Family
    /// One sentence: what the operator may rely on.
    public let guarantee: String
    /// Without these controllers the host does not enforce it at all.
    let needs: [Controller]
    /// The words after the name, for the attack and for its control.
    let words: @Sendable (ProofField) -> [String]
    let controlWords: @Sendable (ProofField) -> [String]
    /// Changes the attack's request.
    let prepare: @Sendable (inout RunRequest, ProofField) -> Void
    /// Changes the control's request.
    let prepareControl: @Sendable (inout RunRequest, ProofField) -> Void
    let expects: Check
    let controlExpects: Check
    /// Why it cannot be tried on this host; nil where it can.
    let obstacle: @Sendable (ProofField) -> String?
    /// Ended by the wall deadline: tried again with a longer one where it was not in place by then.
    let endsByDeadline: Bool
    /// Needs another run that holds what this one looks for.
    var needsHolder: Bool { family == .tasks }

    init(
        _ name: String, _ family: Family, _ guarantee: String, needs: [Controller] = [],
        words: @escaping @Sendable (ProofField) -> [String] = { _ in [] },
        controlWords: (@Sendable (ProofField) -> [String])? = nil,
        prepare: @escaping @Sendable (inout RunRequest, ProofField) -> Void = { _, _ in },
        prepareControl: @escaping @Sendable (inout RunRequest, ProofField) -> Void = { _, _ in },
        obstacle: @escaping @Sendable (ProofField) -> String? = { _ in nil }, endsByDeadline: Bool = false,
        expects: @escaping Check, controlExpects: @escaping Check = Expect.allowed
    ) {
        self.name = name
        self.family = family
        self.guarantee = guarantee
        self.needs = needs
        self.words = words
        self.controlWords = controlWords ?? words
        self.prepare = prepare
        self.prepareControl = prepareControl
        self.obstacle = obstacle
        self.endsByDeadline = endsByDeadline
        self.expects = expects
        self.controlExpects = controlExpects
    }

    /// All of them, in the order in which they are run and shown.
    public static let catalogue = resources + survival + escape + output + tasks

    /// What every run of the prover starts from. Small, so that no attack takes long, nor much of the host.
    static let limits: ScannerLimits = {
        // One core; the parser's own type, whose only failure is a number below 1.
        guard let core = CPUCount(millicores: 1000) else { preconditionFailure("a core is 1000 millicores") }
        var limits = ScannerLimits(cpu: core, memory: .mebibytes(32), pids: 16)
        limits.tmp = .mebibytes(1)
        limits.out = .mebibytes(1)
        limits.tmpInodes = 64
        limits.outInodes = 64
        limits.openFiles = 64
        limits.printed = .mebibytes(1)
        return limits
    }()

    /// Only a bound: what ends by the clock has a shorter one.
    static let wall = Duration.seconds(60)
}
