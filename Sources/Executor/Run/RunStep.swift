/// The steps of a run, in their order, as the supervisor goes through them. For tests that end it at each.
package enum RunStep: String, Sendable, CaseIterable {
    /// A uid is taken.
    case slot
    /// Mounts, filter and plan are made.
    case composed
    /// The cgroup stands, with its lease and limits.
    case leaf
    /// About to clone.
    case launching
    /// It ended.
    case ended
    /// Nothing lives in the cgroup any more.
    case emptied
    /// Artifacts are copied.
    case collected
    /// The output directory is in its place.
    case published
    /// The record is durable.
    case recorded
    /// The cgroup is gone.
    case removed
    /// The uid is free.
    case released
    /// At a start: the run of a dead worker is recorded, and its cgroup still there.
    case recovered
}
