/// Who runs what in a leaf: written on it before anything is started there, so that after a crash the next worker can
/// end the run and still write its audit record.
public struct Lease: Sendable, Hashable {
    public var worker: WorkerIdentity
    public var task: String
    public var attempt: UInt32
    /// When the run was to end at the latest, in milliseconds since 1970. Nil for none.
    public var deadlineUnixMilliseconds: Int64?

    public init(worker: WorkerIdentity, task: String, attempt: UInt32, deadlineUnixMilliseconds: Int64? = nil) {
        self.worker = worker
        self.task = task
        self.attempt = attempt
        self.deadlineUnixMilliseconds = deadlineUnixMilliseconds
    }
}
