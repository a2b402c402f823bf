import CgroupV2
import Dispatch
import ProcessSupervisor
import Synchronization
import SystemSupport

/// The cgroup of a run that has ended, on its way out, the uid that its last processes may still have, and the record that
/// could not be written yet. First the processes, then the record, then the cgroup, then the uid: where this process dies between,
/// the next start finds the cgroup, and a uid that some process still has must not become another run's.
final class Leftover: Sendable {
    private let slot: Mutex<UserSlots.Slot?>
    private let leaf: Mutex<CgroupLeaf?>
    private let record: Mutex<Pending?>
    private let log: AuditLog?

    /// A record that may be missing.
    struct Pending: Sendable {
        var record: AuditRecord
        /// Where it is there after all, its number is above this one.
        var after: UInt64
    }

    init(
        _ leaf: consuming CgroupLeaf, _ slot: consuming UserSlots.Slot, unrecorded: Pending?, log: AuditLog?
    ) {
        self.slot = Mutex(slot)
        self.leaf = Mutex(leaf)
        record = Mutex(unrecorded)
        self.log = log
    }

    /// Tries for about `bound`, blocking the thread. May be called again until it is `.done`.
    func finish(within bound: Duration) -> RunFacts.Cleanup {
        // Whatever lives is killed even while the record cannot be written. What cannot be shows in the removal.
        leaf.withLock { leaf in
            switch leaf {
            case .some(let leaf): _ = try? leaf.empty(within: bound)
            case .none: break
            }
        }
        do throws(ExecutorError) { try writeRecord() } catch { return .failed("\(error)") }
        guard let owned = leaf.withLock({ $0.take() }) else { return .done }
        let removal = owned.remove(within: bound)
        let result: RunFacts.Cleanup =
            switch removal {
            case .removed: .done
            case .stillPopulated: .stillPopulated(processes: nil, after: bound)
            case .failed(_, let error): .failed("\(error)")
            }
        if result == .done {
            slot.withLock { $0 = nil }
        } else {
            var rest = Self.rest(of: removal)
            leaf.withLock { $0 = rest.take() }
        }
        return result
    }

    private func writeRecord() throws(ExecutorError) {
        guard let log, let pending = record.withLock({ $0 }) else { return }
        // The attempt before may have failed after the line was written; a run has one record.
        if try !log.hasRecord(pending.record.stamp.id, after: pending.after) { try log.appendNow(pending.record) }
        record.withLock { $0 = nil }
    }

    private static func rest(of removal: consuming LeafRemoval) -> CgroupLeaf? {
        switch consume removal {
        case .removed: nil
        case .stillPopulated(let leaf): leaf
        case .failed(let leaf, _): leaf
        }
    }
}

/// What could not be removed in time is tried again in the background, once a second, until it is gone. Nothing waits for it.
final class Leftovers: Sendable {
    private struct State {
        var entries: [Leftover] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "scan-executor.leftovers")

    var count: Int { state.withLock { $0.entries.count } }

    func add(_ leftover: Leftover) {
        let isFirst = state.withLock { state in
            state.entries.append(leftover)
            return state.entries.count == 1
        }
        if isFirst { queue.async { [self] in round() } }
    }

    /// Returns once nothing is left over.
    func whenEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.entries.isEmpty { state.waiting.append(continuation) }
                return state.entries.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }

    private func round() {
        let gone = state.withLock { $0.entries }.filter { $0.finish(within: .milliseconds(100)) == .done }
        let (isEmpty, waiting) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            state.entries.removeAll { entry in gone.contains { $0 === entry } }
            if !state.entries.isEmpty { return (false, []) }
            defer { state.waiting = [] }
            return (true, state.waiting)
        }
        for continuation in waiting { continuation.resume() }
        if !isEmpty { queue.asyncAfter(deadline: .now() + 1) { [self] in round() } }
    }
}
