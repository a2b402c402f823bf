/// Names of signals on Linux/x86-64 and arm64 (signal(7)).
public enum SignalName {
    public static let kill: Int32 = 9
    public static let terminate: Int32 = 15
    public static let cpuTime: Int32 = 24
    public static let badSystemCall: Int32 = 31

    /// `SIGKILL` for 9; `SIGRTMIN+2` counts from the kernel's 32, not from the C library's.
    public static func of(_ number: Int32) -> String {
        let names = [
            "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1",
            "SIGSEGV",
            "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP",
            "SIGTTIN",
            "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
        ]
        if (1...31).contains(number) { return names[Int(number) - 1] }
        if (32...64).contains(number) { return number == 32 ? "SIGRTMIN" : "SIGRTMIN+\(number - 32)" }
        return "signal \(number)"
    }
}
