import Glibc
import SystemPackage
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// Programs that cannot be executed: told before the launch where the sandbox's root shows it, else by exec's errno.
    @Suite struct CommandTests {
        /// The programs of one directory of the host, shown at /opt/tools.
        private func tool(_ name: String, in tools: TestDirectory) throws -> RunRequest {
            let shown = try ReadOnlyPath(host: tools.path, sandbox: "/opt/tools")
            return request(["/opt/tools/\(name)"]) { $0.readOnlyPaths = [shown] }
        }

        @Test func aProgramThatIsNotThereIsNamed() async throws {
            let host = try await RunFixture.host()
            let byName = try await refusal(request(["no-such-scanner"]), on: host)
            #expect(byName?.code == .command && byName?.message.contains("no-such-scanner") == true)
            let byPath = try await refusal(request(["/usr/bin/no-such-scanner"]), on: host)
            #expect(byPath?.code == .command && byPath?.message.contains("does not exist") == true)
            let none = try await refusal(request([]), on: host)
            #expect(none?.code == .command)
            #expect(try await outcome(request(["true"]), on: host).kind == .clean)
        }

        @Test func programsThatCannotBeExecutedAreToldBeforeTheLaunch() async throws {
            let host = try await RunFixture.host()
            let tools = try TestDirectory()
            try tools.file("fine", "#!/bin/sh\necho fine\n", mode: 0o755)
            try tools.file("plain", "#!/bin/sh\n", mode: 0o644)
            try tools.file("orphan", "#!/opt/none/interpreter\n", mode: 0o755)
            try tools.directory("closed", mode: 0o700)
            try tools.file("closed/inside", "#!/bin/sh\n", mode: 0o755)
            try tools.directory("folder")
            let control = try await host.run(try tool("fine", in: tools))
            #expect(control.lines == ["fine"], control.explanation)
            let words = [
                "plain": "not executable", "orphan": "/opt/none/interpreter", "closed/inside": "only its owner",
                "folder": "not executable", "missing": "does not exist",
            ]
            for (name, word) in words {
                let refused = try await refusal(try tool(name, in: tools), on: host)
                #expect(
                    refused?.code == .command && refused?.message.contains(word) == true,
                    "\(name): \(refused?.message ?? "")")
                #expect(refused?.isTransient == false)
            }
        }

        @Test func whatOnlyTheKernelCanTellIsALaunchFailureWithItsErrno() async throws {
            let host = try await RunFixture.host()
            let tools = try TestDirectory()
            // An ELF header of a machine that is none of ours: EM_S390, in the byte order of this one.
            var header = [UInt8](repeating: 0, count: 64)
            header.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
            header.replaceSubrange(16..<20, with: [2, 0, 22, 0])
            try writeFile("\(tools.path)/foreign", header)
            chmod("\(tools.path)/foreign", 0o755)
            try tools.file("no-interpreter", "echo fine\n", mode: 0o755)
            try tools.file("empty", "", mode: 0o755)
            _ = try await host.run(try tool("foreign", in: tools))
            for name in ["foreign", "no-interpreter", "empty"] {
                let run = try await outcome(try tool(name, in: tools), on: host)
                #expect(run.kind == .launchFailed, run.explanation)
                #expect(
                    run.report.verdict.step == "exec" && run.report.verdict.errno == Errno(rawValue: ENOEXEC), "\(name)"
                )
                #expect(run.report.verdict.failureClass == .critical)
            }
            let orphan = try TestDirectory()
            try orphan.file("orphan", "#!/opt/none/interpreter\n", mode: 0o755)
            let run = try await outcome(
                request(["/src/orphan"]) {
                    $0.target = orphan.path
                    $0.executesTarget = true
                }, on: host)
            #expect(run.kind == .launchFailed && run.report.verdict.errno == .noSuchFileOrDirectory, run.explanation)
        }

        @Test func aMegabyteOfArgumentsIsTakenOrTooLong() async throws {
            let host = try await RunFixture.host()
            let many = [String](repeating: String(repeating: "x", count: 99), count: 10_000)
            let taken = try await outcome(request(["sh", "-c", "echo $#", "sh"] + many), on: host)
            #expect(taken.lines == ["10000"], taken.explanation)
            // One argument may have 128 KiB: MAX_ARG_STRLEN of execve(2).
            let long = String(repeating: "x", count: 1 << 20)
            let refused = try await outcome(request(["sh", "-c", "exit 0", long]), on: host)
            #expect(refused.kind == .launchFailed, refused.explanation)
            #expect(refused.report.verdict.errno == .argListTooLong)
            #expect(refused.report.verdict.failureClass == .critical)
        }

        @Test func textThatTheKernelWouldReadOtherwiseIsRefused() async throws {
            let host = try await RunFixture.host()
            #expect(try await refusal(shell("exit 0\0; exit 1"), on: host)?.code == .command)
            for name in ["", "A=B", "A\0"] {
                #expect(try await refusal(shell("exit 0") { $0.environment = [name: "x"] }, on: host)?.code == .command)
            }
            let control = try await outcome(shell("echo \"$A\"") { $0.environment = ["A": "b=c \n"] }, on: host)
            #expect(control.lines == ["b=c "])
        }

        @Test func aTaskNameThatIsNoDirectoryNameIsRefused() async throws {
            let host = try await RunFixture.host()
            for name in ["../escape", "a/b", "", String(repeating: "x", count: 300)] {
                let refused = try await refusal(shell("exit 0") { $0.taskID = name.isEmpty ? "\0" : name }, on: host)
                #expect(refused?.code == .host, "\(name)")
            }
            let unknown = try await refusal(shell("exit 0") { $0.seccomp = "no-such-profile" }, on: host)
            #expect(unknown?.code == .seccomp)
        }
    }
}
