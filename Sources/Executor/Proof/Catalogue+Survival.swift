extension Attack {
    /// Ended by the wall deadline, at once or after a grace.
    private static func outlasting(
        _ name: String, _ guarantee: String, grace: Duration = .zero
    ) -> Attack {
        Attack(
            name, .survival, guarantee,
            prepare: { request, _ in
                request.deadlines.wall = .milliseconds(500)
                request.deadlines.grace = grace
            }, endsByDeadline: true, expects: Expect.done(.timedOut))
    }

    /// That nothing is left, and that nobody else was hit, is looked at after every run: see ``ProofAftermath``.
    static let survival: [Attack] = [
        Attack(
            "double-fork", .survival, "A daemon in a session of its own, deaf to signals, ends with its run.",
            expects: Expect.done()),
        Attack("stopped-child", .survival, "A stopped process ends with its run.", expects: Expect.done()),
        outlasting("vfork-stuck", "A process that waits in the kernel for a vfork child is killed."),
        Attack(
            "held-stdout", .survival, "A daemon that keeps stdout open delays no result.", expects: Expect.done()),
        outlasting(
            "sigterm-ignored", "Who ignores SIGTERM is killed after the grace.", grace: .milliseconds(100)),
        outlasting("pid-reuse", "The kill comes through although process ids are taken and left as fast as can be."),
    ]
}
