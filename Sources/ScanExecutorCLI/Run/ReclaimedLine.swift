import CgroupV2

/// One line about what a dead worker left.
enum ReclaimedLine {
    static func text(_ leaf: Reclaimed) -> String {
        let run = leaf.lease.map { ", task \($0.task) of worker \($0.worker.id)" } ?? ""
        return switch leaf.outcome {
        case .removed: "ended what a dead worker left in \(leaf.path)\(run)"
        case .stillPopulated: "\(leaf.path)\(run): processes do not die; the next start tries again"
        case .unrecorded(let reason): "\(leaf.path)\(run): ended, but its record could not be written: \(reason)"
        case .failed(let error): "\(leaf.path)\(run): \(error)"
        }
    }
}
