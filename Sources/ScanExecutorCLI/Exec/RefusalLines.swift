import Executor
import SeccompPolicy

/// What `exec --seccomp-log` says: one line a system call.
enum RefusalLines {
    static func of(_ refusals: [Refusal]) -> [String] {
        if refusals.isEmpty { return ["seccomp: no system call would have been refused"] }
        return ["seccomp: these system calls would have been refused:"]
            + refusals.map { refusal in
                "seccomp:   \(refusal.name ?? "number \(refusal.number)") \(refusal.count)x \(refusal.action)"
            }
    }
}
