import Executor
import Glibc
import SeccompPolicy
import SystemSupport

/// The project's own rows for scripts/bench, one line of JSON each.
///
///     scan-executor-bench launch --program PATH --count N
///     scan-executor-bench filter --output FILE      the default profile's BPF, for the floor to carry the same
///     scan-executor-bench others --program PATH [--quick]
///     scan-executor-bench decisions [--quick]       what the verdict and the circuit breaker cost
///     scan-executor-bench audit --program PATH [--quick]
///     scan-executor-bench records --directory DIR [--records N]    an audit to measure queries over
@main struct Bench {
    static func main() async {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            func value(_ option: String) -> String? {
                arguments.firstIndex(of: option).flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
            }
            if arguments.first == "filter", let file = value("--output") { return try writeFilter(to: file) }
            if arguments.first == "decisions" {
                return try Decisions.printRows(quick: arguments.contains("--quick"))
            }
            if arguments.first == "records", let directory = value("--directory") {
                var maker = AuditMaker(
                    directory: directory, records: value("--records").flatMap { Int($0) } ?? 1_000_000)
                return try maker.write()
            }
            guard let mode = arguments.first, let program = value("--program") else {
                throw ExecutorError(
                    .command,
                    "usage: scan-executor-bench launch|others|audit --program PATH [--count N] [--networks N] [--quick]"
                )
            }
            if mode == "audit" {
                return try await AuditBench.run(program: program, quick: arguments.contains("--quick"))
            }
            let networks = value("--networks").flatMap { Int($0) } ?? 16
            let launches = Launches(host: try await prepare(networks: networks), program: program)
            switch mode {
            case "launch": try await launch(launches, count: value("--count").flatMap { Int($0) } ?? 500)
            case "others": try await others(launches, quick: arguments.contains("--quick"))
            default: throw ExecutorError(.command, "unknown mode \(mode): launch, others or audit")
            }
            launches.host.tree.dismantle()
        } catch {
            print("scan-executor-bench: \(error)")
            exit(1)
        }
    }

    /// .build/release/scan-executor-bench lies three levels below the checkout.
    private static var seccompProfiles: String {
        let project = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
        return (project.isEmpty ? "." : project) + "/deploy/seccomp"
    }

    private static func writeFilter(to path: String) throws {
        let filter = try SeccompProfiles(searchDirectories: [seccompProfiles], cacheDirectory: nil).filter(
            named: "default")
        let file = try OwnedDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        let written = filter.bpf.withUnsafeBytes { write(file.raw, $0.baseAddress, $0.count) }
        guard written == filter.bpf.count else { throw ExecutorError(.host, "\(path) could not be written whole") }
    }

    static func prepare(
        networks: Int, _ adjust: (inout HostSettings) -> Void = { _ in }
    ) async throws -> SandboxHost {
        var settings = HostSettings(seccompDirectories: [seccompProfiles])
        settings.enforcement = .bestEffort
        settings.preparedNetworks = networks
        adjust(&settings)
        return try await SandboxHost.prepare(settings)
    }

    private static func launch(_ launches: Launches, count: Int) async throws {
        let small = try await launches.inTurn(count)
        BenchRow(
            name: "scan-executor", what: "launch to teardown through the library", p50: small.samples.quantile(0.5),
            p99: small.samples.quantile(0.99), perSecond: small.perSecond, count: count
        ).printLine()
        let spaced = try await launches.inTurn(100, pause: 5000)
        BenchRow(
            name: "scan-executor, spaced", what: "the same with 5 ms between launches", floor: "floor, spaced",
            p50: spaced.samples.quantile(0.5), p99: spaced.samples.quantile(0.99), count: 100
        ).printLine()

        // Pages that were written, so that a copied page table would have to name each of them.
        let size = 512 << 20
        let ballast = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        for offset in stride(from: 0, to: size, by: 4096) { ballast[offset] = 1 }
        let large = try await launches.inTurn(count)
        withExtendedLifetime(ballast) {}
        ballast.deallocate()
        BenchRow(
            name: "scan-executor, 512 MiB parent", what: "the same from a process with 512 MiB resident",
            floor: "scan-executor",
            p50: large.samples.quantile(0.5), p99: large.samples.quantile(0.99), perSecond: large.perSecond,
            count: count
        ).printLine()
    }

    private static func others(_ launches: Launches, quick: Bool) async throws {
        try Decisions.printRows(quick: quick)
        for width in [1, 8, 64] {
            let count = quick ? 640 : 3200
            let result = try await launches.atATime(width, count: count)
            BenchRow(
                name: "scan-executor, \(width) at a time", what: "throughput through the library",
                floor: width == 1 ? nil : "floor, \(width) at a time", p50: result.samples.quantile(0.5),
                p99: result.samples.quantile(0.99), perSecond: result.perSecond, count: count
            ).printLine()
        }
        try await soak(launches, runs: quick ? 1000 : 10_000)
        try await flood(launches, bytes: quick ? 1 << 30 : 10 << 30)
        try await forkBomb(launches)
    }

    private static func soak(_ launches: Launches, runs: Int) async throws {
        // After a second of rest each: what is kept for the next launch while launches go on is let go then.
        _ = try await launches.atATime(8, count: 400)
        sleep(1)
        let before = ProcessFootprint(cgroupRoot: launches.host.tree.path)
        let result = try await launches.atATime(8, count: runs)
        sleep(1)
        let after = ProcessFootprint(cgroupRoot: launches.host.tree.path)
        BenchRow(
            name: "scan-executor, soak", what: "what \(runs) runs leave behind", perSecond: result.perSecond,
            count: runs,
            extra: [
                ("descriptors", Double(after.descriptors - before.descriptors)),
                ("threads", Double(after.threads - before.threads)), ("mounts", Double(after.mounts - before.mounts)),
                ("cgroups", Double(after.cgroups - before.cgroups)),
                ("rss_kib", Double(after.residentBytes - before.residentBytes) / 1024),
            ]
        ).printLine()
    }

    private static func flood(_ launches: Launches, bytes: Int) async throws {
        let before = ProcessFootprint(cgroupRoot: launches.host.tree.path)
        var request = try launches.request(0)
        request.command = ["/usr/bin/head", "-c", "\(bytes)", "/dev/zero"]
        request.limits.printed = ByteCount(1 << 50) ?? request.limits.printed
        request.deadlines.wall = .seconds(300)
        let begun = MonotonicTime.now
        let outcome = try await launches.host.run(request)
        let taken = MonotonicTime.now - begun
        let after = ProcessFootprint(cgroupRoot: launches.host.tree.path)
        BenchRow(
            name: "scan-executor, flood", what: "a program that prints \(bytes >> 30) GiB", count: 1,
            extra: [
                ("seconds", Double(taken.wholeMilliseconds) / 1000),
                ("counted_mib", Double(outcome.report.output.stdoutBytes ?? 0) / Double(1 << 20)),
                ("rss_kib", Double(after.residentBytes - before.residentBytes) / 1024),
            ]
        ).printLine()
    }

    private static func forkBomb(_ launches: Launches) async throws {
        var samples = Samples()
        for id in 0..<5 {
            var request = try launches.request(id)
            request.command = ["/bin/sh", "-c", "f() { f | f & }; trap '' TERM; f; while :; do :; done"]
            request.deadlines = Deadlines(wall: .seconds(1), grace: .zero)
            let begun = MonotonicTime.now
            let outcome = try await launches.host.run(request)
            let taken = (MonotonicTime.now - begun).wholeMicroseconds
            guard let setup = outcome.report.timings.setupMicroseconds, outcome.report.verdict.kind == .timedOut else {
                throw ExecutorError(.host, "the fork bomb was \(outcome.report.verdict.kind)")
            }
            samples.add(.microseconds(taken - setup - 1_000_000))
        }
        BenchRow(
            name: "scan-executor, fork bomb", what: "from its deadline until it and its cgroup are gone",
            p50: samples.quantile(0.5), p99: samples.quantile(0.99), count: samples.count
        ).printLine()
    }
}
