import CgroupV2
import Glibc
import ProcessSupervisor
import Synchronization
import SystemSupport

/// The leaf of a running task, as its supervisor and whoever watches it see it.
final class LeafHandle: ProcessTree {
    private let leaf: Mutex<CgroupLeaf?>
    /// Opened at the first look: most runs end before anybody takes one.
    private let sampler = Mutex<CgroupSampler?>(nil)
    private let atLanding = Mutex<[MemoryUser]>([])
    let path: String
    let descriptor: CInt
    let facts: [LimitFact]

    init(_ leaf: consuming CgroupLeaf) {
        path = leaf.path
        descriptor = leaf.descriptor
        facts = leaf.limits
        self.leaf = Mutex(leaf)
    }

    func kill() {
        // What cannot be killed shows in the removal, which is waited for and reported.
        leaf.withLock { leaf in
            switch leaf {
            case .some(let leaf): try? leaf.kill()
            case .none: break
            }
        }
    }

    func cpuTime() -> Duration? { sample().cpu }

    /// memory.events; nil without the memory controller.
    func openPressureEvents() -> OwnedDescriptor? {
        leaf.withLock { leaf in
            switch leaf {
            case .some(let leaf): (try? leaf.openMemoryEvents()) ?? nil
            case .none: nil
            }
        }
    }

    /// A fresh leaf's counters begin at zero: any that is not is this run's.
    func isPressed(_ events: borrowing OwnedDescriptor) -> Bool { CgroupLeaf.memoryEvents(in: events)?.high ?? 0 > 0 }

    func willLand() {
        let users = MemoryUser.largest { processIDs() }
        atLanding.withLock { $0 = users }
        guard facts.contains(where: { $0.file == .memoryHigh && $0.isEnforced }) else { return }
        leaf.withLock { leaf in
            switch leaf {
            // Where it fails the run lands all the same, if more slowly.
            case .some(let leaf): try? leaf.liftMemoryHigh()
            case .none: break
            }
        }
    }

    /// The largest processes when the run was asked to land; empty where it was not.
    var memoryUsersAtLanding: [MemoryUser] { atLanding.withLock { $0 } }

    private func processIDs() -> Set<pid_t> {
        leaf.withLock { leaf in
            switch leaf {
            case .some(let leaf): (try? leaf.processIDs()) ?? []
            case .none: []
            }
        }
    }

    /// Empty where the leaf cannot be looked at, or is gone.
    func sample() -> CgroupSample {
        sampler.withLock { sampler in
            if sampler == nil {
                sampler = leaf.withLock { leaf in
                    switch leaf {
                    case .some(let leaf): try? leaf.makeSampler()
                    case .none: nil
                    }
                }
            }
            switch sampler {
            case .some(let sampler): return sampler.sample()
            case .none: return CgroupSample()
            }
        }
    }

    func usage() throws(CgroupError) -> CgroupUsage {
        let result = leaf.withLock { leaf -> Result<CgroupUsage, CgroupError> in
            switch leaf {
            case .some(let leaf):
                do throws(CgroupError) { return .success(try leaf.usage()) } catch { return .failure(error) }
            case .none: return .success(CgroupUsage())
            }
        }
        return try result.get()
    }

    /// Ends what lives in it, see ``CgroupLeaf/empty(within:)``.
    func empty(within bound: Duration) -> RunFacts.Cleanup {
        leaf.withLock { leaf in
            switch leaf {
            case .some(let leaf):
                do throws(CgroupError) {
                    if try leaf.empty(within: bound) { return .done }
                    return try leaf.isPopulated()
                        ? .stillPopulated(processes: nil, after: bound)
                        : .failed("cgroups that somebody made below \(path) cannot be removed")
                } catch { return .failed("\(error)") }
            case .none: return .done
            }
        }
    }

    /// The leaf itself, to be removed. Nil the second time. Whoever still holds the handle reads nothing from now on, and keeps
    /// nothing open.
    func take() -> CgroupLeaf? {
        let taken = leaf.withLock { $0.take() }
        sampler.withLock { $0 = nil }
        return taken
    }
}
