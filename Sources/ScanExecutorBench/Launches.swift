import Executor
import Glibc
import SystemSupport

/// Runs of one small program through the library, as a worker makes them: launch to teardown, report and all.
struct Launches {
    let host: SandboxHost
    let program: String

    func request(_ id: Int, _ arguments: [String] = []) throws -> RunRequest {
        guard let cpu = CPUCount(millicores: 1000) else { throw ExecutorError(.host, "one core is a number of cores") }
        var limits = ScannerLimits(cpu: cpu, memory: .mebibytes(256), pids: 64)
        limits.tmp = .mebibytes(16)
        limits.out = .mebibytes(16)
        var request = RunRequest(
            taskID: "bench-\(id)", type: "bench", command: [program] + arguments, limits: limits,
            deadlines: Deadlines(wall: .seconds(60)))
        request.workingDirectory = "/"
        return request
    }

    func one(_ id: Int) async throws -> Duration {
        let request = try request(id)
        let begun = MonotonicTime.now
        let outcome = try await host.run(request)
        let taken = MonotonicTime.now - begun
        guard outcome.report.verdict.kind == .clean else {
            throw ExecutorError(
                .host, "a run of \(program) was \(outcome.report.verdict.kind): \(outcome.report.json())")
        }
        return taken
    }

    func inTurn(_ count: Int, pause: useconds_t = 0) async throws -> (samples: Samples, perSecond: Double) {
        for id in 0..<min(20, count) { _ = try await one(id) }
        var samples = Samples()
        let begun = MonotonicTime.now
        for id in 0..<count {
            samples.add(try await one(id))
            if pause > 0 { usleep(pause) }
        }
        return (samples, rate(count, since: begun))
    }

    func atATime(_ width: Int, count: Int) async throws -> (samples: Samples, perSecond: Double) {
        let begun = MonotonicTime.now
        let samples = try await withThrowingTaskGroup(of: Samples.self) { group in
            for lane in 0..<width {
                group.addTask {
                    var samples = Samples()
                    for index in 0..<(count / width) { samples.add(try await one(lane * count + index)) }
                    return samples
                }
            }
            return try await group.reduce(into: Samples()) { $0.add(contentsOf: $1) }
        }
        return (samples, rate(samples.count, since: begun))
    }

    private func rate(_ count: Int, since begun: MonotonicTime) -> Double {
        Double(count) * 1e6 / Double(max(1, (MonotonicTime.now - begun).wholeMicroseconds))
    }
}
