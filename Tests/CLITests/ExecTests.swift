import Glibc
import SystemSupport
import Testing

extension SandboxTests {
    @Suite struct ExecTests {
        struct Ending: Sendable, CustomTestStringConvertible {
            var status: Int32
            var arguments: [String]
            var testDescription: String { arguments.joined(separator: " ") }

            init(_ status: Int32, _ arguments: String...) {
                self.status = status
                self.arguments = ["exec", "--quiet"] + arguments
            }
        }

        @Test(arguments: [
            Ending(0, "--", "true"),
            Ending(7, "--", "sh", "-c", "exit 7"),
            Ending(124, "--wall", "300ms", "--grace", "0s", "--", "sleep", "600"),
            Ending(124, "--printed", "4KiB", "--grace", "0s", "--", "yes"),
            Ending(125, "--", ""),
            Ending(125, "--memory", "1", "--", "true"),
            Ending(125, "--target", "/nonexistent", "--", "true"),
            Ending(125, "--seccomp", "nosuch", "--", "true"),
            Ending(125, "--workdir", "/nonexistent", "--", "true"),
            Ending(126, "--", "/etc/passwd"),
            Ending(126, "--", "/usr"),
            Ending(127, "--", "nosuchprogram"),
            Ending(127, "--", "/usr/bin/nosuchprogram"),
            Ending(137, "--", "sh", "-c", "kill -9 $$"),
            Ending(143, "--", "sh", "-c", "kill $$"),
        ]) func endsAsTheCommandDoes(_ ending: Ending) throws {
            let finished = try Tool.run(ending.arguments)
            // An empty name is no program at all; the lookup says which of 125 to 127 that is.
            if ending.arguments.last == "" {
                #expect([125, 126, 127].contains(finished.status))
            } else {
                #expect(finished.status == ending.status, "\(finished.stderr)")
            }
            #expect(TestHost.leaves.isEmpty)
        }

        @Test func streamsPassThrough() throws {
            let finished = try Tool.run(
                "exec", "--quiet", "--", "sh", "-c", "cat; echo errors >&2", input: "from the caller\n")
            #expect(finished.status == 0)
            #expect(finished.stdout == "from the caller\n")
            #expect(finished.stderr == "errors\n")
        }

        @Test func outputIsWholeAndInOrder() throws {
            let script = "i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"
            let running = try Tool.start(["exec", "--quiet", "--", "sh", "-c", script], mergesErrors: true)
            let expected = (0..<200).map { "out \($0)\nerr \($0)\n" }.joined()
            #expect(running.finish().stdout == expected)
        }

        @Test func largeOutputIsWhole() throws {
            let finished = try Tool.run("exec", "--quiet", "--", "head", "-c", "3000000", "/dev/zero")
            #expect(finished.stdout.utf8.count == 3_000_000)
        }

        @Test func commandHoldsNoDescriptorOfTheCaller() throws {
            let finished = try Tool.run(
                "exec", "--quiet", "--", "sh", "-c", "ls /proc/self/fd | wc -l; readlink /proc/self/fd/1")
            // 0, 1, 2, and the one that ls reads the directory with.
            #expect(finished.stdout.hasPrefix("4\npipe:"))
        }

        @Test func directoryAsInputIsRefused() throws {
            let directory = try OwnedDescriptor.open("/etc", O_RDONLY | O_DIRECTORY)
            let running = try Tool.start(["exec", "--quiet", "--", "true"], standardInput: directory.raw)
            let finished = running.finish()
            #expect(finished.status == 125)
            #expect(finished.stderr.contains("stdin is a directory"))
        }

        @Test func writableFileAsInputIsReadAndNotWritten() throws {
            let workspace = try Workspace()
            try workspace.write("content\n", to: "input")
            let file = try OwnedDescriptor.open("\(workspace.path)/input", O_RDWR)
            let running = try Tool.start(
                ["exec", "--quiet", "--", "sh", "-c", "cat; echo changed >&0"], standardInput: file.raw)
            let finished = running.finish()
            #expect(finished.stdout == "content\n")
            #expect(finished.status != 0)
            #expect(workspace.text("input") == "content\n")
        }

        @Test func closedOutputEndsTheRunQuietly() throws {
            let running = try Tool.start(["exec", "--quiet", "--", "yes"])
            #expect(running.waitForOutput("y\n"))
            running.closeOutput()
            let finished = running.finish()
            #expect(finished.status == 128 + SIGPIPE)
            #expect(finished.stderr == "")
        }

        @Test func megabyteOfArgumentsArrives() throws {
            let arguments = (0..<10_000).map { "\($0)" + String(repeating: "x", count: 100) }
            let finished = try Tool.run(
                ["exec", "--quiet", "--", "sh", "-c", "echo $#; shift 9999; echo $1", "sh"] + arguments)
            #expect(finished.stdout == "10000\n\(arguments[9999])\n")
        }

        @Test func environmentIsGivenAndNothingInherited() throws {
            let finished = try Tool.run(
                [
                    "exec", "--quiet", "--env", "GIVEN=a=b", "--workdir", "/tmp", "--", "sh", "-c",
                    "echo $GIVEN $SECRET; pwd",
                ],
                environment: ["SECRET": "inherited"])
            #expect(finished.stdout == "a=b\n/tmp\n")
        }

        @Test func targetIsSeenReadOnly() throws {
            let workspace = try Workspace()
            let finished = try Tool.run(
                "exec", "--quiet", "--target", workspace.target, "--", "sh", "-c", "cat file.txt; echo x > new")
            #expect(finished.stdout == "source\n")
            #expect(finished.status != 0)
            #expect(!workspace.exists("target/new"))
        }

        @Test func seccompLogNamesWhatWouldBeRefused() throws {
            let finished = try Tool.run("exec", "--quiet", "--seccomp-log", "--", "unshare", "-U", "true")
            #expect(finished.status == 0)
            #expect(finished.stderr.contains("unshare 1x errno EPERM"))
            let enforced = try Tool.run("exec", "--quiet", "--", "unshare", "-U", "true")
            #expect(enforced.status != 0)
        }

        @Test func reportGoesToAFileAndToStandardError() throws {
            let workspace = try Workspace()
            let file = "\(workspace.path)/report"
            let finished = try Tool.run(
                "exec", "--quiet", "--json", "--report", file, "--", "sh", "-c", "echo four; exit 3")
            #expect(finished.status == 3)
            #expect(finished.stdout == "four\n")
            let report = try #require(workspace.text("report"))
            #expect(finished.stderr == report)
            #expect(report.hasPrefix("{\"schema\":\"scan-executor/report/1\""))
            #expect(report.contains("\"stdout_bytes\":5,\"stderr_bytes\":0"))
            #expect(report.contains("\"exit_code\":3"))
        }

        @Test func reportFollowsNoLinkAndWaitsForNoReader() throws {
            let workspace = try Workspace()
            try workspace.write("kept", to: "precious")
            symlink("\(workspace.path)/precious", "\(workspace.path)/link")
            mkfifo("\(workspace.path)/fifo", 0o600)
            for (name, words) in [("link", "symbolic link"), ("fifo", "ENXIO")] {
                let finished = try Tool.run("exec", "--quiet", "--report", "\(workspace.path)/\(name)", "--", "true")
                #expect(finished.status == 125)
                #expect(finished.stderr.contains(words), "\(finished.stderr)")
            }
            #expect(workspace.text("precious") == "kept")
            let printed = try Tool.run("exec", "--quiet", "--report", "/proc/self/fd/1", "--", "true")
            #expect(printed.stdout.hasPrefix("{\"schema\":"))
        }

        @Test func standardInputCannotBeOpenedForWriting() throws {
            let workspace = try Workspace()
            try workspace.write("kept", to: "shared")
            chmod("\(workspace.path)/shared", 0o666)
            let finished = try Tool.run(
                after: "exec < \(workspace.path)/shared", "exec", "--quiet", "--", "sh", "-c",
                "cat; readlink /proc/self/fd/0; echo taken > /proc/self/fd/0")
            #expect(finished.stdout.hasPrefix("keptpipe:"))
            #expect(workspace.text("shared") == "kept")
        }

        @Test(arguments: ["ulimit -n 4", "ulimit -n 20", "ulimit -f 0"]) func shortageIsAnErrorAndNoCrash(
            _ limit: String
        ) throws {
            let finished = try Tool.run(after: limit, "exec", "--quiet", "--", "true")
            #expect(finished.status == 125)
            #expect(finished.stderr.hasPrefix("scan-executor: "))
            #expect(TestHost.leaves.isEmpty)
        }

        @Test func lowSoftLimitIsRaised() throws {
            #expect(try Tool.run(after: "ulimit -Sn 10", "exec", "--quiet", "--", "true").status == 0)
        }

        @Test(arguments: ["<&-", "2>&-"]) func closedStreamsAreNoObstacle(_ closing: String) throws {
            let finished = try Tool.run(after: "exec \(closing)", "exec", "--quiet", "--", "echo", "fine")
            #expect(finished.status == 0)
            #expect(finished.stdout == "fine\n")
        }

        @Test func lostOutputIsNoSuccess() throws {
            let finished = try Tool.run(after: "exec >/dev/full", "exec", "--quiet", "--", "echo", "lost")
            #expect(finished.status == 125)
            #expect(finished.stderr.contains("ENOSPC"))
        }

        @Test func argumentThatIsNotUTF8IsRefused() throws {
            let finished = try Tool.run(after: "set -- \"$@\" \"$(printf '\\377')\"", "exec", "--quiet", "--", "echo")
            #expect(finished.status == 125)
            #expect(finished.stderr.contains("not UTF-8"))
        }

        @Test(.needsNoControllers) func requireRefusesWhatCannotBeEnforced() throws {
            let finished = try Tool.run("exec", "--enforcement", "require", "--", "true")
            #expect(finished.status == 125)
            #expect(finished.stderr.ranges(of: "choose").count == 1, "\(finished.stderr)")
        }

        @Test func aMissingProgramIsToBeNamedByItsDirectory() throws {
            let finished = try Tool.run("exec", "--quiet", "--", "nosuchprogram")
            #expect(finished.stderr.contains("--scanner-path"), "\(finished.stderr)")
        }

        @Test(.needsNoControllers) func bestEffortSaysWhichLimitsAreNotHeld() throws {
            let finished = try Tool.run("exec", "--", "true")
            #expect(finished.status == 0)
            for limit in ["cpu", "memory", "pids"] {
                #expect(finished.stderr.contains("scan-executor: \(limit) is not enforced"))
            }
        }

        @Test(.needsControllers) func memoryLimitKills() throws {
            let finished = try Tool.run(
                "exec", "--memory", "32MiB", "--", "sh", "-c", "head -c 200000000 /dev/zero | tail -c 200000000 | wc -c"
            )
            #expect(finished.status == 137)
            #expect(finished.stderr.contains("oom_killed"))
        }

        @Test(.needsControllers) func aForkRefusedAtTheLimitIsNamed() throws {
            let finished = try Tool.run(
                "exec", "--pids", "8", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait")
            #expect(finished.status != 0)
            #expect(finished.stderr.contains("pids_exhausted: "), "\(finished.stderr)")
        }
    }
}
