import Glibc
import SystemSupport
import Testing

extension SandboxTests {
    @Suite struct InterruptTests {
        @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func firstSignalEndsGracefully(_ signal: CInt) throws {
            let script = "trap \"echo ended; exit 0\" TERM; echo ready; while :; do sleep 0.05; done"
            let running = try Tool.start(["exec", "--quiet", "--grace", "60s", "--", "sh", "-c", script])
            #expect(running.waitForOutput("ready"))
            running.signal(signal)
            let finished = running.finish()
            #expect(finished.stdout == "ready\nended\n")
            #expect(finished.status == 128 + signal)
            #expect(TestHost.leaves.isEmpty)
        }

        @Test func secondSignalKills() throws {
            let script = "trap \"echo stays\" TERM; echo ready; while :; do sleep 0.05; done"
            let running = try Tool.start(["exec", "--quiet", "--grace", "600s", "--", "sh", "-c", script])
            #expect(running.waitForOutput("ready"))
            running.signal(SIGINT)
            // The first has arrived where the command answered it.
            #expect(running.waitForOutput("stays"))
            running.signal(SIGINT)
            #expect(running.finish().status == 128 + SIGINT)
            #expect(TestHost.leaves.isEmpty)
        }

        /// The pipes are full and stay so: with one for each stream, and with one for both.
        @Test(arguments: [false, true]) func aDeadlineHoldsThoughNobodyReads(mergesErrors: Bool) throws {
            let running = try Tool.start(
                ["exec", "--wall", "1s", "--grace", "0s", "--json", "--", "sh", "-c", "yes & yes >&2"],
                mergesErrors: mergesErrors)
            #expect(running.finishUnread() == 124)
            #expect(TestHost.leaves.isEmpty)
        }

        /// The control: a command that ended by itself is read to its end, however late. What it prints fits into its own
        /// pipe and the relay's hands, and not into the pipe that nobody reads.
        @Test func whatACommandPrintedWaitsForItsReader() throws {
            let running = try Tool.start(["exec", "--quiet", "--", "sh", "-c", "head -c 120000 /dev/zero | tr '\\0' x"])
            #expect(TestHost.eventually { TestHost.leaves.isEmpty && running.hasOutput })
            let finished = running.finish()
            #expect(finished.status == 0)
            #expect(finished.stdout.utf8.count == 120_000)
        }

        @Test func interruptedScanLeavesNoOutput() throws {
            let workspace = try Workspace()
            try workspace.scanner("waits", "echo x > /out/part; sleep 600")
            let running = try Tool.start([
                "scan", "waits", workspace.target, "--profiles", workspace.profiles, "--quiet", "--output",
                "\(workspace.path)/out",
            ])
            #expect(TestHost.eventually { !TestHost.leaves.isEmpty })
            running.signal(SIGTERM)
            let finished = running.finish()
            #expect(finished.status == 128 + SIGTERM)
            #expect(finished.stdout.contains("cancelled"))
            #expect(TestHost.leaves.isEmpty)
        }

        /// The scan itself is not begun then. A version command that ran into its deadline would be remembered as a failure.
        @Test func aSignalEndsTheVersionCommand() throws {
            let workspace = try Workspace()
            try workspace.write(
                """
                name: slow
                command: [sh, -c, 'exit 0']
                version: [sh, -c, 'sleep 600; echo 1']
                exit_codes: {clean: [0]}
                limits: {cpu: 1, memory: 64MiB, pids: 16}
                deadlines: {wall: 60s, grace: 1s}

                """, to: "profiles/slow.yaml")
            try workspace.write("state_directory: \(workspace.path)/state\n", to: "config.yaml")
            let running = try Tool.start([
                "scan", "slow", workspace.target, "--profiles", workspace.profiles, "--quiet", "--output",
                "\(workspace.path)/out", "--audit-dir", "\(workspace.path)/audit", "--config",
                "\(workspace.path)/config.yaml",
            ])
            #expect(TestHost.eventually { !TestHost.leaves.isEmpty })
            running.signal(SIGINT)
            let finished = running.finish()
            #expect(finished.status == 128 + SIGINT)
            #expect(finished.stdout.contains("cancelled"))
            #expect(TestHost.leaves.isEmpty)
            #expect(TestHost.files(in: "\(workspace.path)/state/versions").isEmpty)
            #expect(TestHost.files(in: workspace.path).filter { $0.hasPrefix("out") }.isEmpty)
        }

        @Test func killedWorkerTakesItsRunAlong() throws {
            let marker = "marker-\(getpid())-\(UInt32.random(in: 0 ... .max))"
            let script = "setsid sleep 600 & echo ready; exec sleep 600 # \(marker)"
            let running = try Tool.start(["exec", "--quiet", "--", "sh", "-c", script, marker])
            #expect(running.waitForOutput("ready"))
            let leaf = try #require(TestHost.leaves.first { $0.hasPrefix("exec/") })
            let processes = try BeneathDirectory(path: "\(TestHost.cgroupRoot)/tasks/\(leaf)").readText("cgroup.procs")
            #expect(!processes.isEmpty)
            running.signal(SIGKILL)
            #expect(running.finish().status == 1000 + SIGKILL)
            #expect(
                TestHost.eventually {
                    (try? BeneathDirectory(path: "\(TestHost.cgroupRoot)/tasks/\(leaf)").readText("cgroup.procs")) == ""
                })
            let reaped = try Tool.run("reap", "--json")
            #expect(reaped.status == 0)
            #expect(reaped.stdout.contains(leaf))
            #expect(reaped.stdout.contains("\"outcome\":\"removed\""))
            #expect(TestHost.leaves.isEmpty)
            #expect(try Tool.run("reap").stdout == "nothing was left\n")
        }

        @Test func nextStartRemovesWhatAKilledWorkerLeft() throws {
            let running = try Tool.start(["exec", "--quiet", "--", "sh", "-c", "echo ready; sleep 600"])
            #expect(running.waitForOutput("ready"))
            running.signal(SIGKILL)
            _ = running.finish()
            #expect(try Tool.run("exec", "--", "true").stderr.contains("dead worker"))
            #expect(TestHost.leaves.isEmpty)
        }

        @Test func reapLeavesLivingRunsAlone() throws {
            let running = try Tool.start(
                ["exec", "--quiet", "--", "sh", "-c", "echo ready; read line; echo $line"], hasInput: true)
            #expect(running.waitForOutput("ready"))
            #expect(try Tool.run("reap").stdout == "nothing was left\n")
            running.send("alive\n")
            let finished = running.finish()
            #expect(finished.stdout == "ready\nalive\n")
            #expect(finished.status == 0)
        }
    }
}
