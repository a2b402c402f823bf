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

    var given: [(key: LimitOverrides.Key, text: String)] {
        let all: [(LimitOverrides.Key, String?)] = [
            (.cpu, cpu), (.cpuWeight, cpuWeight), (.memory, memory), (.memoryHigh, memoryHigh), (.swap, swap),
            (.pids, pids), (.cpuset, cpuset), (.tmp, tmp), (.tmpInodes, tmpInodes), (.out, out),
            (
                .outInodes,
                outInodes
            ), (.openFiles, openFiles), (.fileSize, fileSize), (.printed, printed), (.wall, wall),
            (.cpuTime, cpuTime), (.grace, grace),
        ]
        return all.compactMap { key, text in text.map { (key, $0) } }
    }

    func overrides() throws(ProfileError) -> LimitOverrides {
        var overrides = LimitOverrides()
        for (key, text) in given { try overrides.set(key, option: text) }
        return overrides
    }
}
