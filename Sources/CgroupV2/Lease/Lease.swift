/// Who runs what in a leaf: written on it before anything is started there, so that after a crash the next worker can
/// end the run and still write its audit record.
public struct Lease: Sendable, Hashable {
    public var worker: WorkerIdentity
    public var task: String
    public var attempt: UInt32
    /// When the run was to end at the latest, in milliseconds since 1970. Nil for none.
    public var deadlineUnixMilliseconds: Int64?
    /// What else the worker wants whoever ends the run to know, by names of `a` to `z` and `_`. All together must fit in the
    /// lease's 4 KiB.
    public var notes: [String: String] = [:]

    public init(worker: WorkerIdentity, task: String, attempt: UInt32, deadlineUnixMilliseconds: Int64? = nil) {
        self.worker = worker
        self.task = task
        self.attempt = attempt
        self.deadlineUnixMilliseconds = deadlineUnixMilliseconds
    }
}
