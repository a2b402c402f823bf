import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@Suite struct RunTests {
    @Test func theProgramsOutputAndExitCodeComeBack() async throws {
        let facts = try await SandboxFixture().run(SandboxFixture().plan("/bin/sh", "-c", "echo out; echo err >&2; exit 7"))
        #expect(facts.ending == .exited(code: 7))
        #expect(facts.stdout.text == "out\n")
        #expect(facts.stderr.text == "err\n")
        #expect(facts.startedAt != nil)
        #expect(facts.actions.isEmpty)
    }
    @Test func look() async throws {
        let f = try SandboxFixture()
        let facts = try await f.run(f.plan("/bin/sh", "-c", "id; cat /proc/self/status | head -70; ls -la / /dev /proc; cat /proc/self/mountinfo; ls -l /proc/self/fd; hostname; cat /proc/self/cgroup; ps; cat /proc/1/environ"))
        print(facts.stdout.text, facts.stderr.text, facts.ending)
        for i in 0..<20 {
        let t = MonotonicTime.now
        let x = try await f.run(f.plan("/bin/true"))
        print(MonotonicTime.now - t, x.startedAt! - x.launchedAt, x.endedAt - x.launchedAt)
        }
    }
}
