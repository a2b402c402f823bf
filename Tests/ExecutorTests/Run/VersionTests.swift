import Glibc
import ProcessSupervisor
import Synchronization
import SystemSupport
import Testing

@testable import Executor

@Suite struct VersionLineTests {
    @Test func theFirstLineWithADigitIsKeptAndMadeSafe() {
        #expect(ScannerVersions.line(of: "bandit 1.7.5\n  python version = 3.11\n") == "bandit 1.7.5")
        #expect(
            ScannerVersions.line(of: "ShellCheck - shell script analysis tool\nversion: 0.9.0\n") == "version: 0.9.0")
        #expect(ScannerVersions.line(of: "\u{1B}[2Jv1\u{7}") == "\\u{1b}[2Jv1\\u{7}")
        #expect(ScannerVersions.line(of: String(repeating: "1", count: 5000))?.count == 203)
        for output in ["", "\n\n", "no number\n"] { #expect(ScannerVersions.line(of: output) == nil) }
    }
}

extension SandboxTests {
    /// A profile's `version`, asked for once for each version of the profile and of the program.
    @Suite struct VersionTests {
        /// A tool that says how often it was called is not to be had: nothing leaves a sandbox. That the answer is an old one shows
        /// where the tool would give another by now.
        private func profile(_ tools: TestDirectory, extra: String = "") throws -> ScannerProfile {
            let yaml = """
                name: versioned
                command: [/opt/tools/tool]
                version: [/opt/tools/tool, --version]
                exit_codes: {clean: [0]}
                limits: {cpu: 4, memory: 128MiB, pids: 16}
                deadlines: {wall: 1m}
                read_only_paths: [{host: \(tools.path), sandbox: /opt/tools}]

                """
            return try ScannerProfile(yaml: Array((yaml + extra).utf8), file: "/etc/versioned.yaml")
        }

        /// A host of its own state directory: two of them share no memory, and `state` is what they share on the disk.
        private func host(_ state: TestDirectory) async throws -> SandboxHost {
            try await RunFixture.host { $0.stateDirectory = state.path }
        }

        /// Sets the contents without a new inode, size or time of change.
        private func rewrite(_ path: String, _ text: String) throws {
            var status = stat()
            try #require(stat(path, &status) == 0)
            try writeFile(path, Array(text.utf8))
            let times = [status.st_atim, status.st_mtim]
            try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
        }

        private func tools() throws -> TestDirectory {
            let directory = try TestDirectory()
            try directory.file("tool", "#!/bin/sh\necho tool 1.0\n", mode: 0o755)
            return directory
        }

        @Test func anAnswerHoldsAsLongAsProfileAndProgramAreTheSame() async throws {
            let (state, tools) = (try TestDirectory(mode: 0o700), try tools())
            let tool = "\(tools.path)/tool"
            let first = try await host(state)
            #expect(await first.scannerVersion(for: try profile(tools)) == "tool 1.0")
            #expect(Possessions.names("\(state.path)/versions") == ["versioned"])

            // The file looks the same: nobody asks, neither here nor in another process.
            try rewrite(tool, "#!/bin/sh\necho tool 2.0\n")
            #expect(await first.scannerVersion(for: try profile(tools)) == "tool 1.0")
            #expect(try await host(state).scannerVersion(for: try profile(tools)) == "tool 1.0")

            // Another profile of the name, and then another program.
            #expect(await first.scannerVersion(for: try profile(tools, extra: "# changed\n")) == "tool 2.0")
            unlink(tool)
            try tools.file("tool", "#!/bin/sh\necho tool 3.0 new\n", mode: 0o755)
            #expect(await first.scannerVersion(for: try profile(tools, extra: "# changed\n")) == "tool 3.0 new")
            #expect(Possessions.names("\(state.path)/versions") == ["versioned"])
        }

        @Test func whoAsksAtOnceGetsOneAnswer() async throws {
            let (state, tools) = (try TestDirectory(mode: 0o700), try tools())
            try tools.file("tool", "#!/bin/sh\nod -An -N16 -tu8 /dev/urandom\n", mode: 0o755)
            let (host, profile) = (try await host(state), try profile(tools))
            let answers = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<8 { group.addTask { await host.scannerVersion(for: profile) } }
                return await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(answers.count == 1 && answers.first.flatMap { $0 } != nil, "\(answers)")
        }

        @Test func aFailureIsNoVersion() async throws {
            let (state, tools) = (try TestDirectory(mode: 0o700), try tools())
            let host = try await host(state)
            let failing = ["exit 3", "echo none", "echo 1.0; exit 1", "echo 1.0; kill -9 $$"]
            for (number, script) in failing.enumerated() {
                try tools.file(
                    "tool", "#!/bin/sh\n\(script)\n# \(number)\(String(repeating: "#", count: number))\n", mode: 0o755)
                #expect(await host.scannerVersion(for: try profile(tools)) == nil, "\(script)")
            }
            unlink("\(tools.path)/tool")
            #expect(await host.scannerVersion(for: try profile(tools)) == nil)
            var silent = try profile(tools)
            silent.version = nil
            #expect(await host.scannerVersion(for: silent) == nil)
        }

        /// The next process does not pay for it again, for a while; an old failure and one of the future are none.
        @Test func aFailureIsKeptForTheNextProcess() async throws {
            let (state, tools) = (try TestDirectory(mode: 0o700), try tools())
            let (tool, file) = ("\(tools.path)/tool", "\(state.path)/versions/versioned")
            try tools.file("tool", "#!/bin/sh\nexit 3 # and so on\n", mode: 0o755)
            let profile = try profile(tools)
            #expect(try await host(state).scannerVersion(for: profile) == nil)
            // The file looks the same: nobody asks.
            try rewrite(tool, "#!/bin/sh\necho tool 2.0 abcd\n")
            #expect(try await host(state).scannerVersion(for: profile) == nil)
            let key = try #require(VersionKey(profile, program: tool))
            for at in [Timestamp.now.milliseconds - 600_001, Timestamp.now.milliseconds + 600_000] {
                try writeFile(file, Array("\(key.digest)\n\n\(at)\n".utf8))
                #expect(try await host(state).scannerVersion(for: profile) == "tool 2.0 abcd")
            }
        }

        /// It ends the command, and is no failure: nothing is remembered, on the disk neither.
        @Test func aCancelledQuestionIsNoAnswer() async throws {
            let (state, tools) = (try TestDirectory(mode: 0o700), try tools())
            let tool = "\(tools.path)/tool"
            try tools.file("tool", "#!/bin/sh\nsleep 1000\n# as long as\n", mode: 0o755)
            let cancellation = Cancellation()
            let isArmed = Atomic<Bool>(false)
            let host = try await RunFixture.host {
                $0.stateDirectory = state.path
                $0.onStep = { step in
                    if step == .launching, isArmed.load(ordering: .relaxed) { cancellation.cancel() }
                }
            }
            let profile = try profile(tools)
            isArmed.store(true, ordering: .relaxed)
            #expect(await host.scannerVersion(for: profile, cancellation: cancellation) == nil)
            #expect(cancellation.isRequested)
            #expect(Possessions.names("\(state.path)/versions") == [])
            // The scan that it was for is not started either.
            let scan = try await host.run(shell("echo started"), cancellation: cancellation)
            #expect(scan.kind == .cancelled && scan.ending == nil)
            isArmed.store(false, ordering: .relaxed)
            try rewrite(tool, "#!/bin/sh\necho tool 2.0\n# longer.\n")
            #expect(await host.scannerVersion(for: profile) == "tool 2.0")
        }

        @Test func aHostileCacheIsAsIfItWereNotThere() async throws {
            let (state, tools) = (try TestDirectory(mode: 0o700), try tools())
            let profile = try profile(tools)
            let key = try #require(VersionKey(profile, program: "\(tools.path)/tool"))
            let directory = try state.directory("versions", mode: 0o700)
            let file = "\(directory)/versioned"
            // The control: what is well formed and answers this question is believed.
            try writeFile(file, Array("\(key.digest)\ntool 0.9\n".utf8))
            #expect(try await host(state).scannerVersion(for: profile) == "tool 0.9")
            let other = try #require(VersionKey(profile, program: "/bin/sh")).digest
            for text in [
                "", "tool 9", "\(key.digest)\ntool 9", "\(other)\ntool 9\n", "\(key.digest)\n\n",
                "\(key.digest)\n" + String(repeating: "9", count: 1 << 20) + "\n",
            ] {
                try writeFile(file, Array(text.utf8))
                #expect(try await host(state).scannerVersion(for: profile) == "tool 1.0", "\(text.prefix(80))")
            }
            unlink(file)
            mkfifo(file, 0o600)
            #expect(try await host(state).scannerVersion(for: profile) == "tool 1.0")
            // Others can write there: neither read nor written.
            try writeFile(file, Array("\(key.digest)\ntool 9\n".utf8))
            chmod(directory, 0o777)
            #expect(try await host(state).scannerVersion(for: profile) == "tool 1.0")
            rmdir(directory)
        }

        @Test(
            .enabled(
                if: RunFixture.hasScanners, "needs the scanners: scripts/install-packages, scripts/install-scanners"))
        func theShippedProfilesSayTheirScannersVersions() async throws {
            let store = ScannerProfileStore(directories: ["\(RunFixture.project)/deploy/scanners"])
            let state = try TestDirectory(mode: 0o700)
            let host = try await host(state)
            for name in ScannerTests.names {
                let version = await host.scannerVersion(for: try store.load(name))
                #expect(version?.contains(where: \.isNumber) == true, "\(name): \(version ?? "none")")
            }
            #expect(Possessions.names("\(state.path)/versions") == ScannerTests.names.sorted())
        }
    }
}
