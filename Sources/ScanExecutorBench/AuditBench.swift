import Executor
import Glibc
import SystemSupport

/// What the audit costs: an append alone, many at once, and a launch with it beside one without.
enum AuditBench {
    static func run(program: String, quick: Bool) async throws {
        // On a real disk, as the default place is.
        let directory = "/var/tmp/scan-executor-bench-audit.\(getpid())"
        defer {
            for suffix in ["-append", "-group-1", "-group-8", "-group-64", "-never", "-always"] {
                remove(directory + suffix)
            }
        }
        hashing(quick ? 64 : 256)
        // It has made the cgroup's root, and removes it once the other hosts here are gone.
        let host = try await Bench.prepare(networks: 0)
        let record = try await sample(program, on: host)
        try await appends(record, "\(directory)-append", count: quick ? 2000 : 20_000)
        for width in [1, 8, 64] {
            try await groups(record, "\(directory)-group-\(width)", width: width, count: quick ? 640 : 6400)
        }
        try await verify("\(directory)-append")
        try await launches(program, directory, rounds: quick ? 3 : 7, count: quick ? 100 : 300)
        host.tree.dismantle()
    }

    private static func hashing(_ mebibytes: Int) {
        let bytes = [UInt8](repeating: 7, count: 1 << 20)
        var hash = SHA256()
        let begun = MonotonicTime.now
        for _ in 0..<mebibytes { hash.update(bytes) }
        let taken = MonotonicTime.now - begun
        withExtendedLifetime(hash.finalize()) {}
        BenchRow(
            name: "audit, SHA-256", what: "hashing \(mebibytes) MiB", count: mebibytes,
            extra: [("mb_per_s", Double(mebibytes << 20) / Double(max(1, taken.wholeMicroseconds)))]
        ).printLine()
    }

    /// The record of a real run.
    private static func sample(_ program: String, on host: SandboxHost) async throws -> AuditRecord {
        let launches = Launches(host: host, program: program)
        var stamp = AuditStamp(id: "01KHPVZG00D5N9SKZG7FFFFFFF")
        stamp.target = "/srv/checkouts/project"
        stamp.worker = launches.host.settings.workerID
        return AuditRecord(try await launches.host.run(try launches.request(0)).report, stamp)
    }

    private static func appends(_ record: AuditRecord, _ directory: String, count: Int) async throws {
        let log = try AuditLog(AuditSettings(directory: directory, sync: .never))
        var samples = Samples()
        for _ in 0..<count {
            let begun = MonotonicTime.now
            try await log.append(record)
            samples.add(MonotonicTime.now - begun)
        }
        let bytes = try AuditVerifier(directory: directory).verify().bytes
        BenchRow(
            name: "audit, append", what: "one record, not waiting for the disk (aim: 100 µs)",
            p50: samples.quantile(0.5),
            p99: samples.quantile(0.99), count: count, extra: [("record_bytes", Double(bytes) / Double(count))]
        ).printLine()
    }

    private static func groups(_ record: AuditRecord, _ directory: String, width: Int, count: Int) async throws {
        let log = try AuditLog(AuditSettings(directory: directory))
        let begun = MonotonicTime.now
        let samples = try await withThrowingTaskGroup(of: Samples.self) { group in
            for _ in 0..<width {
                group.addTask {
                    var samples = Samples()
                    for _ in 0..<(count / width) {
                        let begun = MonotonicTime.now
                        try await log.append(record)
                        samples.add(MonotonicTime.now - begun)
                    }
                    return samples
                }
            }
            return try await group.reduce(into: Samples()) { $0.add(contentsOf: $1) }
        }
        let taken = MonotonicTime.now - begun
        BenchRow(
            name: "audit, \(width) at a time", what: "records on the disk", p50: samples.quantile(0.5),
            p99: samples.quantile(0.99),
            perSecond: Double(samples.count) * 1e6 / Double(max(1, taken.wholeMicroseconds)),
            count: samples.count,
            extra: [("records_per_fdatasync", Double(samples.count) / Double(max(1, log.syncCount)))]
        ).printLine()
    }

    private static func verify(_ directory: String) async throws {
        let begun = MonotonicTime.now
        let result = try AuditVerifier(directory: directory).verify()
        let taken = MonotonicTime.now - begun
        guard result.isIntact else {
            throw ExecutorError(.host, "the benchmark's own audit is broken: \(result.breaks)")
        }
        BenchRow(
            name: "audit, verify", what: "\(result.records) records", count: result.records,
            extra: [("mb_per_s", Double(result.bytes) / Double(max(1, taken.wholeMicroseconds)))]
        ).printLine()
    }

    /// In turn, so that the machine's moods disturb all three alike.
    private static func launches(_ program: String, _ directory: String, rounds: Int, count: Int) async throws {
        let kinds: [(name: String, audit: AuditSettings?)] = [
            ("off", nil), ("not waiting for the disk", AuditSettings(directory: "\(directory)-never", sync: .never)),
            ("on the disk", AuditSettings(directory: "\(directory)-always")),
        ]
        var all: [(launches: Launches, samples: Samples)] = []
        for kind in kinds {
            let host = try await Bench.prepare(networks: 16) { $0.audit = kind.audit }
            all.append((Launches(host: host, program: program), Samples()))
        }
        for _ in 0..<rounds {
            for index in all.indices {
                all[index].samples.add(contentsOf: try await all[index].launches.inTurn(count).samples)
            }
        }
        for (kind, measured) in zip(kinds, all) {
            BenchRow(
                name: "scan-executor, audit \(kind.name)", what: "launch to teardown",
                floor: "scan-executor, audit off",
                p50: measured.samples.quantile(0.5), p99: measured.samples.quantile(0.99), count: measured.samples.count
            ).printLine()
        }
    }

    private static func remove(_ directory: String) {
        for name in (try? BeneathDirectory(path: directory).entryNames()) ?? [] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }
}
