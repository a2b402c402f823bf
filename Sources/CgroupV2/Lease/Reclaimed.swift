/// What a reap found of a run whose worker is dead.
public struct Reclaimed: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// Everything in it was killed and the cgroup is removed.
        case removed
        /// Something in it did not die within the bound: the next reap tries again.
        case stillPopulated
        case failed(CgroupError)
        /// All in it is dead, but its end could not be recorded, and so it stays: the next reap tries again. The reason.
        case unrecorded(String)
    }

    /// The scanner type: the name of the directory above.
    public var type: String
    /// The leaf's name.
    public var name: String
    public var path: String
    /// Nil where the worker died between making the cgroup and writing its lease, or where the lease is unreadable.
    public var lease: Lease?
    /// Whether something lived in it, and was killed.
    public var wasPopulated = false
    /// The last readings, taken after the kill and before the removal. Nil where they could not be read.
    public var usage: CgroupUsage?
    public var outcome: Outcome
}
