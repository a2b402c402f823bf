extension Attack {
    private static func foreign(_ name: String, _ guarantee: String, _ errnos: String...) -> Attack {
        let allowed = Set(errnos)
        return Attack(
            name, .tasks, guarantee, words: { [$0.holderToken] },
            expects: { seen in
                if let problem = Expect.word(.refused, seen) { return problem }
                return seen.kind == .clean ? Expect.unexpected(seen, allowed) : "it ended as \(seen.kind.rawValue)"
            })
    }

    /// Run beside another run that holds a file, shared memory, a process, a socket and a key of the token's name.
    static let tasks: [Attack] = [
        foreign("task-files", "No file of another run's is seen.", "ENOENT"),
        foreign("task-shared-memory", "No shared memory of another run's is seen.", "ENOENT"),
        foreign("task-processes", "No process of another run's is seen.", "ESRCH"),
        foreign("task-sysv-ipc", "No System V memory, semaphore or queue is shared.", "EPERM", "ENOENT"),
        foreign("task-message-queues", "No POSIX message queue is shared.", "EPERM", "ENOENT"),
        foreign("task-keys", "No key of another run's is found.", "EPERM", "ENOKEY", "ENOENT"),
        foreign(
            "task-abstract-sockets", "No abstract socket of another run's is reached.", "ECONNREFUSED", "EPERM",
            "ENOENT"),
        foreign("task-signals", "No signal reaches another run.", "ESRCH"),
    ]
}
