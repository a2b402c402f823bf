import Glibc
import SystemSupport
import Testing

extension SandboxTests {
    @Suite struct ScanTests {
        @Test(arguments: [
            (0, "exit 0", "clean"), (1, "exit 1", "findings"), (2, "exit 5", "scanner_error"),
            (2, "exit 9", "scanner_error (critical)"), (75, "kill -9 $$", "signaled (transient)"),
        ]) func statusSaysWhatCameOut(_ status: Int, _ script: String, _ verdict: String) throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", script)
            let finished = try workspace.scan("tool", "--quiet")
            #expect(finished.status == Int32(status))
            #expect(finished.stdout.hasPrefix("tool: \(verdict)"))
            #expect(TestHost.leaves.isEmpty)
        }

        @Test func deadlineOfTheCommandLineReplacesTheProfiles() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "sleep 600")
            let finished = try workspace.scan("tool", "--quiet", "--wall", "300ms", "--grace", "0s")
            #expect(finished.status == 75)
            #expect(finished.stdout.contains("timed_out"))
        }

        @Test func missingScannerIsAMissingService() throws {
            let workspace = try Workspace()
            try workspace.write(
                """
                name: tool
                command: [nosuchscanner, "{target}"]
                exit_codes: {clean: [0]}
                limits: {cpu: 1, memory: 64MiB, pids: 16}
                deadlines: {wall: 60s}

                """, to: "profiles/tool.yaml")
            let finished = try workspace.scan("tool", "--quiet")
            #expect(finished.status == 69)
            #expect(finished.stderr.hasPrefix("scan-executor: program nosuchscanner"))
        }

        @Test func jsonIsTheReportAlone() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "cat /src/file.txt; echo x > /out/found; exit 1")
            let finished = try workspace.scan("tool", "--json", "--quiet")
            #expect(finished.status == 1)
            #expect(finished.stderr == "")
            #expect(finished.stdout.hasSuffix("}\n") && finished.stdout.split(separator: "\n").count == 1)
            for part in [
                "{\"schema\":\"scan-executor/report/1\"", "\"scanner\":\"tool\"", "\"kind\":\"findings\"",
                "\"memory_bytes\":67108864", "\"wall_ms\":60000", "\"stdout\":\"source\\n\"", "\"path\":\"found\"",
                "\"profile\":{\"name\":\"tool\"", "\"seccomp\":{\"name\":\"default\"", "\"network\":\"kernel\"",
            ] {
                #expect(finished.stdout.contains(part), "\(part)")
            }
        }

        @Test func theRecordNamesTheScannersVersionAndAsksForItUnrecorded() throws {
            let workspace = try Workspace()
            try workspace.write(
                """
                name: versioned
                command: [sh, -c, 'exit 0']
                version: [sh, -c, 'echo versioned; echo release 4.2']
                exit_codes: {clean: [0], findings: [1]}
                limits: {cpu: 1, memory: 64MiB, pids: 16}
                deadlines: {wall: 60s, grace: 1s}

                """, to: "profiles/versioned.yaml")
            let audit = "\(workspace.path)/audit"
            for sequence in 1...2 {
                let finished = try workspace.scan("versioned", "--quiet", "--audit-dir", audit)
                #expect(finished.status == 0, "\(finished.stderr)")
                let listed = try Tool.run("audit", "ls", "--json", "--audit-dir", audit)
                #expect(listed.stdout.split(separator: "\n").count == sequence)
            }
            let files = TestHost.files(in: audit).filter { $0.hasSuffix(".jsonl") }
            let lines = try #require(workspace.text("audit/\(files[0])")).split(separator: "\n")
            #expect(files.count == 1 && lines.count == 2)
            for line in lines {
                #expect(line.contains("\"scanner\":\"versioned\""))
                #expect(line.contains("\"scanner_version\":\"release 4.2\""))
            }
        }

        @Test func outputHasArtifactsAndTheReport() throws {
            let workspace = try Workspace()
            // Nobody's artifact takes the report's place.
            try workspace.scanner("tool", "echo found > /out/a.txt; echo forged > /out/scan-executor-report.json")
            let finished = try workspace.scan("tool", "--quiet", "--output", "\(workspace.path)/out")
            #expect(finished.status == 0)
            #expect(workspace.text("out/a.txt") == "found\n")
            let report = try #require(workspace.text("out/scan-executor-report.json"))
            #expect(report.contains("\"schema\": \"scan-executor/report/1\""))
            #expect(report.contains("\"path\": \"a.txt\""))
        }

        @Test(arguments: ["missing", "file", "symlink", "unreadable/below"]) func wrongTargetIsRefused(_ kind: String)
            throws
        {
            let workspace = try Workspace()
            try workspace.scanner("tool", "exit 0")
            try workspace.write("", to: "file")
            symlink(workspace.target, "\(workspace.path)/symlink")
            let finished = try workspace.scan("tool", "--quiet", target: "\(workspace.path)/\(kind)")
            #expect(finished.status == 64)
            #expect(finished.stderr.hasPrefix("scan-executor: ") && finished.stderr.split(separator: "\n").count == 1)
            #expect(try workspace.scan("tool", "--quiet").status == 0)
        }

        @Test func wrongOutputIsRefusedAndUntouched() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "exit 0")
            mkdir("\(workspace.path)/full", 0o755)
            try workspace.write("kept", to: "full/file")
            symlink("\(workspace.path)/target", "\(workspace.path)/link")
            for (name, words) in [
                ("full", "not empty"), ("link", "symbolic link"), ("full/file", "not a directory"), ("none/x", "above"),
            ] {
                let finished = try workspace.scan("tool", "--quiet", "--output", "\(workspace.path)/\(name)")
                #expect(finished.status == 64)
                #expect(finished.stderr.contains(words), "\(finished.stderr)")
            }
            #expect(workspace.text("full/file") == "kept")
            #expect(TestHost.leaves.isEmpty)
        }

        @Test func fullDiskKeepsNothingOfTheOutput() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "head -c 2000000 /dev/zero > /out/large")
            let disk = "\(workspace.path)/disk"
            mkdir(disk, 0o755)
            try #require(mount("tmpfs", disk, "tmpfs", 0, "size=256k") == 0)
            defer { umount2(disk, 0) }
            let finished = try workspace.scan("tool", "--quiet", "--output", "\(disk)/out")
            #expect(finished.status == 75)
            #expect(finished.stderr.contains("ENOSPC"))
            #expect(try BeneathDirectory(path: disk).entryNames().isEmpty)
            #expect(TestHost.leaves.isEmpty)
        }

        @Test(arguments: ["--quiet", "--json"]) func reportThatCannotBePrintedIsAFailure(_ option: String) throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "exit 1")
            let finished = try Tool.run(
                after: "exec > /dev/full", "scan", "tool", workspace.target, "--profiles", workspace.profiles, option)
            #expect(finished.status == 70)
            #expect(finished.stderr.contains("ENOSPC"))
        }

        @Test func hostileNamesAreMadeSafe() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "printf x > \"/out/$(printf \"a\\033b\")\"; printf x > /out/plain")
            let finished = try workspace.scan("tool", "--quiet")
            #expect(!finished.stdout.contains("\u{1B}"))
            #expect(finished.stdout.contains("plain"))
        }

        @Test(.needsControllers) func memoryLimitIsTheVerdict() throws {
            let workspace = try Workspace()
            try workspace.scanner(
                "tool", "head -c 200000000 /dev/zero | tail -c 200000000 | wc -c", limits: ", tmp: 1MiB, out: 1MiB")
            let finished = try workspace.scan("tool", "--memory", "32MiB")
            #expect(finished.status == 75)
            #expect(finished.stdout.contains("oom_killed"))
            #expect(finished.stderr == "")
        }

        @Test(.needsNoControllers) func bestEffortSaysWhatIsNotHeld() throws {
            let workspace = try Workspace()
            try workspace.scanner("tool", "exit 0")
            let finished = try workspace.scan("tool")
            #expect(finished.status == 0)
            for limit in ["cpu", "memory", "pids"] {
                #expect(finished.stderr.contains("scan-executor: \(limit) is not enforced"))
            }
            #expect(try workspace.scan("tool", "--enforcement", "require").status == 69)
        }
    }
}
