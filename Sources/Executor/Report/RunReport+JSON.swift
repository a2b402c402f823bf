import SystemSupport

extension RunReport {
    /// The report as JSON: one line, or indented for people. Keys come in the order of the contract.
    public func json(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty)
        writer.object { writer in
            writer.string("schema", RunReport.schema)
            writer.string("task_id", taskID)
            writer.string("scanner", scanner)
            writer.integer("attempt", attempt)
            writer.integer("fence", fence)
            writer.string("host", host)
            writer.string("started_at", startedAt?.description)
            writer.string("ended_at", endedAt?.description)
            writer.object("verdict") { verdict.write(to: &$0) }
            writer.object("limits") { limits.write(to: &$0) }
            enforcement.write(to: &writer)
            writer.object("usage") { usage.write(to: &$0) }
            writer.object("output") { output.write(to: &$0) }
            writer.integer("findings_count", findingsCount)
            writer.array("artifacts") { writer in
                for artifact in artifacts {
                    writer.object { writer in
                        writer.string("path", artifact.path)
                        writer.integer("bytes", artifact.bytes)
                        writer.string("sha256", artifact.sha256)
                    }
                }
            }
            writer.object("timings") { writer in
                writer.integer("queue_wait_ms", timings.queueWaitMilliseconds)
                writer.integer("setup_us", timings.setupMicroseconds)
                writer.integer("run_ms", timings.runMilliseconds)
                writer.integer("teardown_us", timings.teardownMicroseconds)
            }
            profile?.write("profile", to: &writer)
            seccomp?.write("seccomp", to: &writer)
            writer.string("cgroup", cgroup)
        }
        return writer.text
    }
}

extension Verdict {
    /// `signal` and `errno` go out by name: numbers of both differ between architectures.
    fileprivate func write(to writer: inout JSONWriter) {
        writer.string("kind", kind.rawValue)
        writer.string("failure_class", failureClass.rawValue)
        writer.boolean("partial", partial)
        writer.boolean("host_starved", hostStarved)
        writer.integer("exit_code", exitCode)
        writer.string("signal", signal.map(SignalName.of))
        writer.string("step", step)
        writer.string("errno", errno?.symbol)
        writer.string("syscall", syscall)
        writer.array("evidence") { writer in
            for item in evidence {
                writer.object { writer in
                    writer.string("source", item.source)
                    writer.string("field", item.field)
                    writer.integer("before", item.before)
                    writer.integer("after", item.after)
                    writer.string("text", item.text)
                }
            }
        }
    }
}

extension AppliedLimits {
    fileprivate func write(to writer: inout JSONWriter) {
        if let limits {
            writer.number("cpu_cores", limits.cpu.cores)
            writer.integer("cpu_weight", limits.cpuWeight)
            writer.string("cpuset", limits.cpuset?.description)
            writer.integer("memory_bytes", limits.memory.bytes)
            writer.integer("memory_high_bytes", limits.memoryHigh?.bytes)
            writer.integer("swap_bytes", limits.swap.bytes)
            if !limits.oomGroup { writer.boolean("oom_group", false) }
            writer.integer("pids", limits.pids)
            if !limits.io.isEmpty {
                writer.array("io") { writer in
                    for limit in limits.io {
                        writer.object { writer in
                            writer.string("device", limit.device.description)
                            writer.integer("read_bytes_per_s", limit.readBytes?.bytes)
                            writer.integer("write_bytes_per_s", limit.writeBytes?.bytes)
                            writer.integer("read_operations_per_s", limit.readOperations)
                            writer.integer("write_operations_per_s", limit.writeOperations)
                        }
                    }
                }
            }
        }
        writer.integer("wall_ms", deadlines?.wall.wholeMilliseconds)
        writer.integer("cpu_ms", deadlines?.cpu?.wholeMilliseconds)
        writer.integer("grace_ms", deadlines?.grace.wholeMilliseconds)
        if let softLanding {
            writer.object("soft_landing") { writer in
                writer.boolean("memory_high", softLanding.atMemoryHigh)
                writer.integer("before_deadline_ms", softLanding.beforeDeadline?.wholeMilliseconds)
                writer.integer("grace_ms", softLanding.grace.wholeMilliseconds)
            }
        }
        if let limits {
            writer.integer("output_bytes", limits.printed.bytes)
            writer.integer("tmp_bytes", limits.tmp.bytes)
            writer.integer("out_bytes", limits.out.bytes)
            writer.integer("open_files", limits.openFiles)
            writer.integer("file_size_bytes", limits.fileSize?.bytes)
        }
        for (name, caps) in [("type_caps", typeCaps), ("all_caps", allCaps)] {
            guard let caps else { continue }
            writer.object(name) { writer in
                writer.number("cpu_cores", caps.cpu?.cores)
                writer.integer("memory_bytes", caps.memory?.bytes)
                writer.integer("swap_bytes", caps.swap?.bytes)
                writer.integer("pids", caps.pids)
            }
        }
    }
}

extension Enforcement {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object("enforcement") { writer in
            for subject in Subject.allCases { writer.string(subject.rawValue, means[subject]?.rawValue) }
        }
        if notes.isEmpty { return }
        writer.object("enforcement_notes") { writer in
            for subject in Subject.allCases { writer.string(subject.rawValue, notes[subject]) }
        }
    }
}

extension Usage {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.integer("wall_ms", wallMilliseconds)
        writer.integer("cpu_user_us", cpuUserMicroseconds)
        writer.integer("cpu_system_us", cpuSystemMicroseconds)
        writer.integer("throttled_us", throttledMicroseconds)
        writer.integer("memory_peak_bytes", memoryPeakBytes)
        writer.integer("oom_kills", oomKills)
        writer.integer("pids_peak", pidsPeak)
        writer.integer("io_read_bytes", ioReadBytes)
        writer.integer("io_write_bytes", ioWriteBytes)
        if pressure == Pressure() { return }
        writer.object("pressure") { writer in
            for (name, stall) in [("cpu", pressure.cpu), ("memory", pressure.memory), ("io", pressure.io)] {
                guard let stall else { continue }
                writer.object(name) { writer in
                    writer.integer("some_us", stall.someMicroseconds)
                    writer.integer("full_us", stall.fullMicroseconds)
                }
            }
        }
    }
}

extension RunReport.Output {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.integer("stdout_bytes", stdoutBytes)
        writer.integer("stderr_bytes", stderrBytes)
        writer.boolean("truncated", truncated)
        writer.string("stdout", stdout)
        writer.string("stderr", stderr)
    }
}

extension RunReport.Content {
    fileprivate func write(_ key: String, to writer: inout JSONWriter) {
        writer.object(key) { writer in
            writer.string("name", name)
            writer.string("sha256", sha256)
        }
    }
}
