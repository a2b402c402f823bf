import Executor
import Glibc
import SystemSupport
import Testing

@testable import LocalStore

@Suite struct QueryTests {
    private let audit: AuditDirectory

    init() throws { audit = try AuditDirectory() }

    private struct Made {
        var id: String
        var scanner: String?
        var kind: VerdictKind
        var time: Int64
        var target: String
        var wall: Int64?
    }

    /// Runs of every kind, in an order in which the clock jumped.
    private func fill(_ count: Int) throws -> [Made] {
        var numbers = Numbers(state: 3)
        return try (0..<count).map { _ in
            let made = Made(
                id: "", scanner: ["bandit", "semgrep", nil].randomElement(using: &numbers) ?? nil,
                kind: [.clean, .findings, .oomKilled].randomElement(using: &numbers) ?? .clean,
                time: Int64.random(in: 0..<40 * 86_400_000, using: &numbers),
                target: ["/srv/app", "/srv/app/x", "/srv/application", "/srv/100%", "/srv/_", "/srv/[a]"]
                    .randomElement(using: &numbers) ?? "",
                wall: Bool.random(using: &numbers) ? Int64.random(in: 0..<9000, using: &numbers) : nil)
            var result = made
            result.id = try audit.append(
                .made(made.scanner, made.kind, at: made.time, wall: made.wall), target: made.target)
            return result
        }
    }

    /// Every combination of filters gives what going through all runs gives.
    @Test func filtersGiveWhatLookingAtEveryRunGives() throws {
        let all = try fill(600)
        let index = try AuditIndex(directory: audit.path)
        let base: Int64 = 1_772_323_200_000
        let targets: [(String?, (String) -> Bool)] = [
            (nil, { _ in true }), ("/srv/app", { $0 == "/srv/app" || $0.hasPrefix("/srv/app/") }), ("/", { _ in true }),
            ("/srv/app/", { $0 == "/srv/app" || $0.hasPrefix("/srv/app/") }), ("*app*", { $0.contains("app") }),
            ("/srv/100%", { $0 == "/srv/100%" }), ("/srv/_", { $0 == "/srv/_" }), ("/srv/[a]", { $0 == "/srv/a" }),
            ("/srv/?", { $0 == "/srv/_" }), ("/nowhere", { _ in false }), ("' OR 1 --", { _ in false }),
        ]
        for scanner in [nil, "bandit", "-", "none"] {
            for verdict in [nil, VerdictKind.oomKilled, .cancelled] {
                for (since, until) in [(nil, nil), (86_400_000, nil), (nil, 3_600_001), (5_000_000, 1_000_000_000)]
                    as [(Int64?, Int64?)]
                {
                    for (target, matches) in targets {
                        for limit in [1, 10, 1000] {
                            var filter = RunFilter(limit: limit)
                            (filter.scanner, filter.verdict) = (scanner, verdict)
                            filter.since = since.map { $0 + base }
                            filter.until = until.map { $0 + base }
                            filter.target = try target.map { try TargetPattern($0) }
                            let expected = all.reversed().filter { run in
                                (scanner == nil || run.scanner ?? "-" == scanner)
                                    && (verdict == nil || run.kind == verdict)
                                    && run.time >= since ?? 0 && run.time < until ?? .max && matches(run.target)
                            }.prefix(limit).map(\.id)
                            #expect(try index.runs(filter).map(\.id) == expected, "\(filter)")
                        }
                    }
                }
            }
        }
    }

    @Test func sumsOverDaysAreThoseOfTheirRuns() throws {
        let all = try fill(700)
        let index = try AuditIndex(directory: audit.path)
        let begin: Int64 = 1_772_323_200_000 / 86_400_000
        for (first, last) in [(nil, nil), (3, 3), (0, 39), (2, 36), (nil, 20), (15, nil), (50, 60)]
            as [(Int64?, Int64?)]
        {
            var filter = SummaryFilter()
            (filter.firstDay, filter.lastDay) = (first.map { $0 + begin }, last.map { $0 + begin })
            let summary = try index.summary(filter)
            let chosen = all.filter {
                let day = $0.time / 86_400_000
                return day >= first ?? 0 && day <= last ?? .max
            }
            #expect(summary.runs == Int64(chosen.count))
            for scanner in summary.scanners {
                let own = chosen.filter { $0.scanner == scanner.name }
                for count in scanner.verdicts {
                    #expect(count.runs == Int64(own.count { $0.kind.rawValue == count.verdict }))
                }
                let walls = own.compactMap(\.wall).sorted()
                let usage = scanner.usage[.wall]
                #expect(usage?.values.count ?? 0 == Int64(walls.count) && usage?.values.most == walls.last)
                if let median = usage?.values.quantile(0.5) {
                    let exact = walls[(walls.count + 1) / 2 - 1]
                    #expect(abs(Double(median - exact)) <= 0.004 * Double(exact))
                }
                #expect(scanner.usage[.memory] == nil, "what no run reported is no zero")
            }
        }
    }

    @Test func theDaysOfOneScannerAreItsOwn() throws {
        for (scanner, day) in [("bandit", 0), ("semgrep", 10), ("semgrep", 12), ("bandit", 30)] as [(String, Int64)] {
            try audit.append(.made(scanner, at: day * 86_400_000))
        }
        let begin: Int64 = 1_772_323_200_000 / 86_400_000
        let index = try AuditIndex(directory: audit.path)
        #expect(try index.summary(SummaryFilter(scanner: "semgrep")).days == begin + 10...begin + 12)
        #expect(try index.history(SummaryFilter(scanner: "semgrep")).spans.count == 3)
        #expect(try index.summary(SummaryFilter(scanner: "none")).days == nil)
        #expect(try index.summary().days == begin...begin + 30)
    }

    @Test func sharesAreOfTheLimitInForceAtEachRun() throws {
        // 90 % of the limit then; 45 % of today's.
        try audit.append(.made(memory: 115_343_360, limit: 122))
        try audit.append(.made(memory: 10 << 20, limit: 256))
        try audit.append(.made(memory: 10 << 20))
        let usage = try #require(try AuditIndex(directory: audit.path).summary().scanners[0].usage[.memory])
        #expect(usage.over80 == 1 && usage.over95 == 0 && usage.shares.count == 2 && usage.values.count == 3)
        #expect(usage.shares.most == LimitShare.of(115_343_360, limit: 122 << 20))
        #expect(usage.limit == nil, "the newest run had none")
    }

    @Test func aRecordIsShownAsItStandsInItsFile() throws {
        let id = try audit.append(.made(task: "t"), target: "/srv/a")
        let newest = try audit.append(.made("semgrep", task: "t"))
        let index = try AuditIndex(directory: audit.path)
        let found = try index.run(id)
        let text = try String(
            decoding: BeneathDirectory(path: audit.path).read(
                String(audit.currentFile.dropFirst(audit.path.count + 1))), as: UTF8.self)
        #expect(text.split(separator: "\n")[0] == String(decoding: found.line, as: UTF8.self))
        #expect(try index.run(id.lowercased()).run.id == id)
        let ofTask = try index.run("t")
        #expect(ofTask.run.id == newest && ofTask.ofTask == 2)
        #expect(IndentedJSON.text(found.line).contains("\n  \"verdict\": {\n    \"kind\": \"clean\","))
    }

    @Test func aPrefixMustBeTheOnlyOne() throws {
        try audit.append(.made(), id: "01JAAAAAAAAAAAAAAAAAAAAAAA")
        try audit.append(.made(), id: "01JABBBBBBBBBBBBBBBBBBBBBB")
        let index = try AuditIndex(directory: audit.path)
        #expect(try index.run("01jaa").run.id == "01JAAAAAAAAAAAAAAAAAAAAAAA")
        for text in ["01JA", "01JX", "", "no such", "%", "01J\u{10FFFF}"] {
            #expect(throws: LocalStoreError.self, "\(text)") { try index.run(text) }
        }
    }

    @Test func aRecordThatWasChangedIsNotShown() throws {
        let id = try audit.append(.made())
        try audit.append(.made())
        _ = try AuditIndex(directory: audit.path)
        let file = try OwnedDescriptor.open(audit.currentFile, O_WRONLY)
        try #require(pwrite(file.raw, "9", 1, 40) == 1)
        let index = try AuditIndex(directory: audit.path)
        #expect(index.update.rebuilt == nil, "in the middle of the newest file it goes unnoticed until it is looked at")
        let error = #expect(throws: LocalStoreError.self) { try index.run(id) }
        #expect(error?.code == .changed)
    }

    @Test func spansAreFewHoweverLongTheTime() {
        #expect(AuditHistory.spans(5...5) == [5...5])
        #expect(AuditHistory.spans(0...59).count == 60)
        for last in [60, 364, 2_932_896] as [Int64] {
            let spans = AuditHistory.spans(0...last)
            #expect(spans.count <= 60 && spans.first?.lowerBound == 0 && spans.last?.upperBound == last)
            for (left, right) in zip(spans, spans.dropFirst()) { #expect(left.upperBound + 1 == right.lowerBound) }
        }
    }
}
