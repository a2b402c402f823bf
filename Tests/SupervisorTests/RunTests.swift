import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport
import Testing

@Suite(.serialized) struct RunTests {
    let sandbox: SandboxFixture
    init() throws { sandbox = try SandboxFixture.shared.get() }

    @Test func outputAndExitCodeComeBack() async throws {
        let facts = try await sandbox.run(sandbox.plan("/bin/sh", "-c", "echo out; echo err >&2; exit 7"))
        #expect(facts.ending == .exited(code: 7))
        #expect(facts.stdout.text == "out\n")
        #expect(facts.stderr.text == "err\n")
        #expect(facts.startedAt != nil)
        #expect(facts.resources != nil)
        #expect(facts.actions.isEmpty)
    }

    @Test func aProgramKilledByItsOwnSignalIsToldFromOneThatExits137() async throws {
        let signaled = try await sandbox.run(sandbox.plan("/bin/sh", "-c", "kill -KILL $$"))
        #expect(signaled.ending == .signaled(SIGKILL, dumpedCore: false))
        let exited = try await sandbox.run(sandbox.plan("/bin/sh", "-c", "exit 137"))
        #expect(exited.ending == .exited(code: 137))
    }

    @Test func aCoreIsNotDumped() async throws {
        let facts = try await sandbox.run(sandbox.plan("/bin/sh", "-c", "kill -SEGV $$"))
        #expect(facts.ending == .signaled(SIGSEGV, dumpedCore: false))
    }

    @Test(
        arguments: [
            (["/nowhere/at/all"], Errno.noSuchFileOrDirectory), (["/etc/passwd"], .permissionDenied),
            (["/usr"], .permissionDenied),
        ] as [([String], Errno)])
    func aProgramThatCannotBeExecutedIsToldWithItsErrno(arguments: [String], errno: Errno) async throws {
        let facts = try await sandbox.run(sandbox.plan(sandbox.root, arguments))
        #expect(facts.ending == .notExecuted(errno))
        #expect(facts.startedAt == nil)
    }

    @Test func longArgumentsArriveWholeAndTooLongOnesAreRefused() async throws {
        // MAX_ARG_STRLEN is 128 KiB a string; eight of 120 kB are near a mebibyte together.
        let long = [String](repeating: String(repeating: "x", count: 120_000), count: 8)
        let facts = try await sandbox.run(
            sandbox.plan(sandbox.root, ["/bin/sh", "-c", "cat >/dev/null; echo $#", "sh"] + long))
        #expect(facts.stdout.text == "8\n")
        await #expect(throws: LaunchFailure(step: "pid 1", index: 0, item: "/bin/echo", errno: .init(rawValue: E2BIG)))
        {
            try await sandbox.run(
                sandbox.plan(sandbox.root, ["/bin/echo", String(repeating: "x", count: 1 << 20)]))
        }
    }

    @Test func exactlyWhatWasPrintedIsCounted() async throws {
        let limits = SupervisionLimits(headBytes: 10, tailBytes: 10)
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sh", "-c", "printf begin; head -c 3000000 /dev/zero; printf end"), limits: limits)
        #expect(facts.stdout.totalBytes == 3_000_008)
        #expect(facts.stdout.head == Array("begin".utf8) + [0, 0, 0, 0, 0])
        #expect(facts.stdout.tail == [0, 0, 0, 0, 0, 0, 0] + Array("end".utf8))
        #expect(facts.stdout.isTruncated)
        #expect(facts.ending == .exited(code: 0))
    }

    @Test func aGrandchildThatKeepsAPipeOpenDoesNotDelayTheResult() async throws {
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sh", "-c", "setsid sh -c 'trap \"\" TERM HUP; exec sleep 1000' & echo done"),
            limits: SupervisionLimits(wall: .seconds(60)))
        #expect(facts.ending == .exited(code: 0))
        #expect(facts.stdout.text == "done\n")
        #expect(facts.actions.isEmpty)
    }

    @Test func orphansAreReaped() async throws {
        // 200 double forks; were pid 1 not to reap, they would stand as zombies below /proc.
        let script = """
            i=0; while [ $i -lt 200 ]; do (true &) ; i=$((i+1)); done
            while :; do n=0; for s in /proc/[0-9]*/stat; do read -r line <"$s" 2>/dev/null || continue
            case "$line" in *') Z '*) n=$((n+1));; esac; done; [ $n -eq 0 ] && break; done; echo clean
            """
        let facts = try await sandbox.run(
            sandbox.plan("/bin/sh", "-c", script), limits: SupervisionLimits(wall: .seconds(120)))
        #expect(facts.stdout.text == "clean\n")
    }

    @Test func hundredsRunAtOnceAndNoneIsLost() async throws {
        let codes = try await withThrowingTaskGroup(of: CInt?.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let facts = try await sandbox.run(sandbox.plan("/bin/sh", "-c", "exit \(index % 100)"))
                    if case .exited(let code) = facts.ending { return code }
                    return nil
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.compactMap { $0 }.sorted() == (0..<200).map { CInt($0 % 100) }.sorted())
    }
}
