import Executor
import SystemSupport

extension ShownProfile {
    func json(pretty: Bool) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", "scan-executor/profile/1")
            writer.string("name", profile.name)
            writer.string("description", profile.summary)
            writer.string("file", profile.file)
            writer.string("sha256", profile.sha256)
            writer.string("configuration", configuration)
            writer.string("scanner_path", scannerPath)
            writer.array("command") { writer in
                for word in profile.command.source { writer.string(nil, word) }
            }
            writer.object("exit_codes") { writer in
                for meaning in ExitCodeTable.Meaning.allCases where !profile.exitCodes.codes(meaning).isEmpty {
                    writer.array(meaning.rawValue) { writer in
                        for code in profile.exitCodes.codes(meaning) { writer.integer(nil, code) }
                    }
                }
            }
            if let report = profile.report {
                writer.object("report") { writer in
                    writer.string("path", report.path)
                    writer.string("format", report.format.rawValue)
                }
            }
            writer.string("seccomp", profile.seccomp)
            writer.string("network", profile.network.rawValue)
            writer.string("working_directory", profile.workingDirectory)
            if let landing = profile.softLanding {
                writer.object("soft_landing") { writer in
                    writer.boolean("memory_high", landing.atMemoryHigh)
                    writer.string("before_deadline", landing.beforeDeadline?.shortText)
                    writer.string("grace", landing.grace.shortText)
                }
            }
            writer.object("limits") { writer in
                for limit in limits { limit.write(to: &writer) }
            }
            if caps.isEmpty { return }
            writer.object("caps") { writer in
                for (name, isOfType) in [("type", true), ("all", false)] {
                    let caps = caps.filter { $0.isOfType == isOfType }
                    if caps.isEmpty { continue }
                    writer.object(name) { writer in
                        for cap in caps {
                            writer.object(cap.key.rawValue) { writer in
                                writer.string("value", "\(cap.value)")
                                cap.source.write(to: &writer)
                            }
                        }
                    }
                }
            }
        }
        return writer.text
    }
}

extension ShownProfile.Limit {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object(key.rawValue) { writer in
            writer.string("value", value.map { "\($0)" })
            source.write(to: &writer)
            for (name, bound) in [("minimum", minimum), ("maximum", maximum)] {
                guard let bound else { continue }
                writer.object(name) { writer in
                    writer.string("value", "\(bound.amount)")
                    writer.string("kind", bound.kind.rawValue)
                    bound.source.write(to: &writer)
                }
            }
        }
    }
}

extension LimitSource {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.string("source", name)
        writer.string("source_file", place?.file)
        writer.integer("source_line", place?.line)
    }
}
