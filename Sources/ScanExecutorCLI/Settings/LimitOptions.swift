import ArgumentParser
import Executor

/// One option a limit. The values are read where a profile's are, so that both take the same and say the same when it is wrong.
struct LimitOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Cores, such as 1.5.", valueName: "cores"))
    var cpu: String?

    @Option(help: ArgumentHelp("Share when processors are short.", valueName: "1-10000"))
    var cpuWeight: String?

    @Option(
        help: ArgumentHelp(
            "Memory of all processes together, with their files in /tmp and /out: 512MiB.", valueName: "size"))
    var memory: String?

    @Option(help: ArgumentHelp("From here on the run is slowed down, not killed.", valueName: "size"))
    var memoryHigh: String?

    @Option(help: ArgumentHelp("Swap space.", valueName: "size"))
    var swap: String?

    @Option(help: ArgumentHelp("Processes and threads.", valueName: "count"))
    var pids: String?

    @Option(help: ArgumentHelp("Processors that may be used, such as 0-3,8.", valueName: "list"))
    var cpuset: String?

    @Option(help: ArgumentHelp("Bytes in /tmp.", valueName: "size"))
    var tmp: String?

    @Option(help: ArgumentHelp("Files in /tmp.", valueName: "count"))
    var tmpInodes: String?

    @Option(help: ArgumentHelp("Bytes in /out.", valueName: "size"))
    var out: String?

    @Option(help: ArgumentHelp("Files in /out.", valueName: "count"))
    var outInodes: String?

    @Option(help: ArgumentHelp("Open files a process.", valueName: "count"))
    var openFiles: String?

    @Option(help: ArgumentHelp("The longest file a process may write.", valueName: "size"))
    var fileSize: String?

    @Option(help: ArgumentHelp("Bytes on stdout and stderr together.", valueName: "size"))
    var printed: String?

    @Option(help: ArgumentHelp("Time on the clock, such as 90s, 5m, 2h.", valueName: "duration"))
    var wall: String?

    @Option(help: ArgumentHelp("Processor time of all processes together.", valueName: "duration"))
    var cpuTime: String?

    @Option(help: ArgumentHelp("From SIGTERM to the kill of what is left; 0s kills at once.", valueName: "duration"))
    var grace: String?

    var given: [LimitOverrides.Key: String] {
        var given: [LimitOverrides.Key: String] = [:]
        for key in LimitOverrides.Key.allCases { given[key] = self[key] }
        return given
    }

    private subscript(key: LimitOverrides.Key) -> String? {
        switch key {
        case .cpu: cpu
        case .cpuWeight: cpuWeight
        case .memory: memory
        case .memoryHigh: memoryHigh
        case .swap: swap
        case .pids: pids
        case .cpuset: cpuset
        case .tmp: tmp
        case .tmpInodes: tmpInodes
        case .out: out
        case .outInodes: outInodes
        case .openFiles: openFiles
        case .fileSize: fileSize
        case .printed: printed
        case .wall: wall
        case .cpuTime: cpuTime
        case .grace: grace
        }
    }
}

extension LimitOverrides {
    /// Limits as they were typed.
    init(options: [Key: String]) throws(ProfileError) {
        self.init()
        // In the order of the help, so that of several wrong ones the same is named every time.
        for key in Key.allCases {
            if let text = options[key] { try set(key, option: text) }
        }
    }
}
