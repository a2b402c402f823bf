import Executor
import LocalStore

/// `audit summary --json`.
enum SummaryJSON {
    static func text(_ summary: AuditSummary, pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/audit-summary/1")
            writer.string("first_day", summary.days.map { TimeText.day($0.lowerBound) })
            writer.string("last_day", summary.days.map { TimeText.day($0.upperBound) })
            writer.integer("runs", summary.runs)
            writer.array("scanners") { writer in
                for scanner in summary.scanners { write(scanner, to: &writer) }
            }
        }
        return writer.text
    }

    private static func write(_ scanner: ScannerSummary, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.string("scanner", scanner.name)
            writer.integer("runs", scanner.runs)
            writer.array("verdicts") { writer in
                for count in scanner.verdicts {
                    writer.object { writer in
                        writer.string("verdict", count.verdict)
                        writer.integer("runs", count.runs)
                        writer.integer("partial", count.partial)
                    }
                }
            }
            writer.object("usage") { writer in
                for metric in AuditMetric.allCases {
                    guard let usage = scanner.usage[metric] else { continue }
                    writer.object(metric.key) { write(usage, to: &$0) }
                }
            }
        }
    }

    /// Shares of the limit are fractions: 1 is the whole limit.
    private static func write(_ usage: UsageStatistics, to writer: inout JSONWriter) {
        writer.integer("runs", usage.values.count)
        writer.integer("p50", usage.values.quantile(0.5))
        writer.integer("p95", usage.values.quantile(0.95))
        writer.integer("p99", usage.values.quantile(0.99))
        writer.integer("max", usage.values.most)
        if usage.shares.count == 0 { return }
        writer.integer("limit", usage.limit)
        writer.object("of_limit") { writer in
            writer.integer("runs", usage.shares.count)
            writer.number("p99", usage.shares.quantile(0.99).map { Double($0) / 10_000 })
            writer.number("max", usage.shares.most.map { Double($0) / 10_000 })
            writer.integer("runs_over_80_percent", usage.over80)
            writer.integer("runs_over_95_percent", usage.over95)
        }
    }
}
