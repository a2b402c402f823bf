import Glibc
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// The shipped profiles: real scanners over real trees, and over one in which there is nothing to find.
    @Suite(
        .enabled(if: RunFixture.hasScanners, "needs the scanners: scripts/install-packages, scripts/install-scanners"))
    struct ScannerTests {
        static let names =
            ["bandit", "cppcheck", "flawfinder"] + (RunFixture.isUserModeLinux ? [] : ["semgrep", "shellcheck"])

        static let checkouts = "\(RunFixture.project)/.build/checkouts"

        private func profile(_ name: String) throws -> ScannerProfile {
            var profile = try ScannerProfileStore(directories: ["\(RunFixture.project)/deploy/scanners"]).load(name)
            // As they are shipped, but for deadlines, which a slow kernel needs longer.
            profile.deadlines = Deadlines(wall: .seconds(1200), grace: .zero)
            return profile
        }

        /// Scans, and checks what holds for every scanner: the verdict, the report, the copies and their sums.
        private func scan(_ tree: String, with name: String) async throws -> RunOutcome {
            let host = try await RunFixture.host()
            let place = try TestDirectory()
            var request = RunRequest(taskID: RunFixture.uniqueName(name), scanning: tree, with: try profile(name))
            request.output = "\(place.path)/out"
            let run = try await host.run(request)
            #expect(run.kind == .findings || run.kind == .clean, run.explanation)
            #expect(run.findingsProblem == nil)
            #expect(run.report.findingsCount == run.findings?.count)
            #expect((run.kind == .findings) == ((run.findings?.count ?? 0) > 0), run.explanation)
            #expect(run.report.scanner == name && run.report.profile?.name == name)
            #expect(run.report.artifacts.contains { $0.path == request.report?.path })
            for artifact in run.report.artifacts {
                let copy = try BeneathDirectory(path: "\(place.path)/out").read(artifact.path, limit: 256 << 20)
                #expect(artifact.bytes == copy.count)
                #expect(artifact.sha256 == SHA256.hex(SHA256.digest(copy)))
            }
            let usage = run.report.usage
            #expect(try #require(usage.cpuUserMicroseconds) + (try #require(usage.cpuSystemMicroseconds)) > 0)
            if RunFixture.hasControllers {
                let limit = try #require(request.limits.memory.bytes as Int64?)
                #expect(try #require(run.report.usage.memoryPeakBytes) <= limit)
            }
            return run
        }

        /// Python's own library, as the system installs it: one package of it.
        private static let pythonPackage: String? = ["3.11", "3.12", "3.13", "3.10", "3.14"]
            .map { "/usr/lib/python\($0)/xmlrpc" }.first { access($0, F_OK) == 0 }

        @Test func banditFindsSomethingInPythonsLibrary() async throws {
            let run = try await scan(try #require(Self.pythonPackage), with: "bandit")
            #expect(run.kind == .findings)
            #expect(run.findings?.kept.contains { $0.path.hasSuffix(".py") && $0.line != nil } == true)
        }

        @Test func cppcheckReadsADependencysC() async throws {
            _ = try await scan("\(Self.checkouts)/swift-system/Sources/CSystem", with: "cppcheck")
            let tree = try TestDirectory()
            try tree.file("a.c", "int f(void) { int a[2]; a[2] = 0; return a[2]; }\n")
            #expect(try await scan(tree.path, with: "cppcheck").kind == .findings)
        }

        @Test func flawfinderFindsSomethingInADependencysC() async throws {
            let run = try await scan("\(Self.checkouts)/Yams/Sources/CYaml", with: "flawfinder")
            #expect(run.kind == .findings)
        }

        /// Its Haskell runtime reserves a terabyte of addresses, more than a process has there, and looks for a place for ever.
        @Test(.enabled(if: !RunFixture.isUserModeLinux, "shellcheck never starts there"))
        func shellcheckReadsRealScripts() async throws {
            let tree = try TestDirectory()
            try tree.file("bad.sh", "#!/bin/sh\necho $1\n")
            #expect(try await scan(tree.path, with: "shellcheck").kind == .findings)
            _ = try await scan("\(RunFixture.project)/scripts", with: "shellcheck")
        }

        @Test(.enabled(if: !RunFixture.isUserModeLinux, "semgrep takes minutes there"))
        func semgrepFindsWhatTheLocalRulesName() async throws {
            let tree = try TestDirectory()
            try tree.file("a.py", "import subprocess\nsubprocess.call(input(), shell=True)\neval(input())\n")
            #expect(try await scan(tree.path, with: "semgrep").kind == .findings)
        }

        @Test(arguments: names) func nothingIsFoundWhereNothingIs(name: String) async throws {
            let tree = try TestDirectory()
            try tree.file("fine.py", "X = 1\n")
            try tree.file("fine.c", "int f(void);\nint f(void) { return 0; }\n")
            try tree.file("fine.sh", "#!/bin/sh\nexit 0\n")
            let run = try await scan(tree.path, with: name)
            #expect(run.kind == .clean, run.explanation)
        }

        /// A small tree is scanned with no more than the profile says that its scanner needs.
        @Test(arguments: names) func theStatedMinimumIsEnough(name: String) async throws {
            let tree = try TestDirectory()
            try tree.file("a.py", "import subprocess\nsubprocess.call(input(), shell=True)\neval(input())\n")
            try tree.file(
                "a.c", "#include <string.h>\nint f(char *v) { char a[2]; strcpy(a, v); a[2] = 0; return a[2]; }\n")
            try tree.file("a.sh", "#!/bin/sh\necho $1\n")
            var profile = try profile(name)
            guard case .size(let memory)? = profile.minimum[.memory]?.amount,
                case .count(let pids)? = profile.minimum[.pids]?.amount
            else {
                Issue.record("\(name).yaml states no minimum of memory and pids")
                return
            }
            profile.limits.pids = pids
            // What stands in for the memory controller counts what a process reserves, semgrep's 3 GiB too.
            if RunFixture.hasControllers || name != "semgrep" { profile.limits.memory = memory }
            profile.limits.tmp = min(profile.limits.tmp, profile.limits.memory)
            profile.limits.out = min(profile.limits.out, profile.limits.memory)
            let run = try await RunFixture.host().run(
                RunRequest(taskID: RunFixture.uniqueName(name), scanning: tree.path, with: profile))
            #expect(run.kind == .findings && !run.report.verdict.partial, run.explanation)
        }
    }
}
