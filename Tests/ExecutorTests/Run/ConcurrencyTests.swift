import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// Runs beside each other.
    @Suite struct ConcurrencyTests {
        @Test func twoRunsSeeNothingOfEachOther() async throws {
            let host = try await RunFixture.host()
            // Each writes everywhere it can and says so, waits for the other's word, and looks around.
            let script =
                """
                echo mine >/tmp/mine; echo mine >/out/mine; perl -MSocket -e '
                    socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("\\0abstract")) or print "taken\\n"; listen(S, 1);
                    $| = 1; print STDERR "ready\\n"; <STDIN>;
                    print `id -u`, `ls /tmp /out`, "processes ", scalar(grep { -d } glob("/proc/[0-9]*")) < 8 ? "few" : "many", "\\n";
                    print kill(0, grep { $_ > 1 && $_ != $$ && $_ != getppid() } 2..300) > 2 ? "reached\\n" : "alone\\n";'
                """
            let (first, second) = (try Conversation(), try Conversation())
            let before = Possessions.now(of: host)
            async let one = host.run(shell(script, first.attach))
            async let two = host.run(shell(script, second.attach))
            await first.ready()
            await second.ready()
            first.go()
            second.go()
            let outcomes = try await [one, two]
            for run in outcomes {
                #expect(run.kind == .clean, run.explanation)
                #expect(
                    run.lines.dropFirst() == ["/out:", "mine", "/tmp:", "mine", "processes few", "alone"],
                    run.explanation)
                #expect(run.report.artifacts.map(\.path) == ["mine"])
            }
            #expect(outcomes[0].lines.first != outcomes[1].lines.first, "each has a uid of its own")
            #expect(try await Possessions.leaks(of: host, since: before) == [])
            first.close()
            second.close()
        }

        @Test func sixtyFourRunsAtOnceAllEndWell() async throws {
            let host = try await RunFixture.host()
            let before = Possessions.now(of: host)
            let answers = try await withThrowingTaskGroup(of: [String].self) { group in
                for number in 0..<64 {
                    group.addTask { try await host.run(shell("id -u; echo \(number) | tee /out/number")).lines }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 64)
            #expect(Set(answers.map(\.last)) == Set((0..<64).map(String.init)))
            #expect(try await Possessions.leaks(of: host, since: before) == [])
        }

        @Test func moreRunsThanUidsIsATransientError() async throws {
            let host = try await RunFixture.host {
                $0.slotCount = 1
                $0.firstUID = 2_000_100_300
            }
            let conversation = try Conversation()
            async let running = host.run(shell("echo ready >&2; read x; id -u", conversation.attach))
            await conversation.ready()
            let full = await #expect(throws: ExecutorError.self) { try await host.run(shell("exit 0")) }
            #expect(full?.code == .host && full?.isTransient == true)
            conversation.go()
            #expect(try await running.lines == ["2000100300"])
            #expect(try await host.run(shell("id -u")).lines == ["2000100300"])
            conversation.close()
        }

        @Test func theSameTaskTwiceAtOnceIsRefused() async throws {
            let host = try await RunFixture.host()
            let conversation = try Conversation()
            let first = shell("echo ready >&2; read x", conversation.attach)
            async let running = host.run(first)
            await conversation.ready()
            let again = shell("exit 0") { $0.taskID = first.taskID }
            let refused = await #expect(throws: ExecutorError.self) { try await host.run(again) }
            #expect(refused?.code == .host)
            conversation.go()
            #expect(try await running.kind == .clean)
            #expect(try await host.run(again).kind == .clean)
            conversation.close()
        }
    }
}

/// Pipes to a run's stdin and from its stderr: a word from it, a word to it.
private final class Conversation: Sendable {
    private let input: (read: SharedDescriptor, write: CInt)
    private let errors: (read: CInt, write: SharedDescriptor)

    init() throws {
        let input = try OwnedDescriptor.pipe()
        self.input = (SharedDescriptor(owning: input.readEnd), input.writeEnd.release())
        let errors = try OwnedDescriptor.pipe()
        self.errors = (errors.readEnd.release(), SharedDescriptor(owning: errors.writeEnd))
    }

    var attach: (inout RunRequest) -> Void {
        { [input, errors] in
            $0.standardInput = input.read
            $0.standardError = errors.write
        }
    }

    func ready() async {
        let number = errors.read
        await blocking {
            var byte: UInt8 = 0
            _ = read(number, &byte, 1)
        }
    }

    func go() { _ = Glibc.write(input.write, "\n", 1) }

    /// The numbers; the other ends go with the value.
    func close() {
        _ = Glibc.close(input.write)
        _ = Glibc.close(errors.read)
    }
}
