import Glibc
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// What a hostile scanner may leave in /out, and what is made of it.
    @Suite struct ArtifactTests {
        private func collect(
            _ script: String, report: String? = nil, _ adjust: (inout RunRequest) -> Void = { _ in }
        ) async throws -> (run: RunOutcome, copy: TestDirectory) {
            let host = try await RunFixture.host()
            let place = try TestDirectory()
            let run = try await host.run(
                shell(script) {
                    $0.output = "\(place.path)/out"
                    if let report { $0.report = .init(path: report, format: .gccText) }
                    adjust(&$0)
                })
            #expect(run.kind == .clean, run.explanation)
            return (run, place)
        }

        @Test func regularFilesAreCopiedWithTheirSums() async throws {
            let (run, place) = try await collect(
                "mkdir -p /out/a/b; echo 1 >/out/a/b/c; : >/out/empty; echo é >/out/é; chmod 0 /out/é")
            #expect(run.report.artifacts.map(\.path) == ["a/b/c", "empty", "é"])
            #expect(run.passedOver == [])
            for artifact in run.report.artifacts {
                let bytes = try BeneathDirectory(path: "\(place.path)/out").read(artifact.path)
                #expect(artifact.bytes == bytes.count)
                #expect(artifact.sha256 == SHA256.hex(SHA256.digest(bytes)))
            }
        }

        @Test func whatIsNoRegularFileIsPassedOver() async throws {
            let (run, place) = try await collect(
                """
                ln -s /etc/passwd /out/link; ln -s /src /out/directory; mkfifo /out/fifo; echo x >/out/plain
                perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, pack_sockaddr_un("/out/socket"))'
                mknod /out/device c 1 3 2>/dev/null && echo made; true
                """)
            #expect(run.lines == [], "devices cannot be made")
            #expect(run.report.artifacts.map(\.path) == ["plain"])
            #expect(run.passedOver.count == 4)
            #expect(artifacts(in: "\(place.path)/out") == ["plain"])
        }

        @Test func aSecondNameOfAFileIsPassedOver() async throws {
            let (run, _) = try await collect("echo x >/out/a; ln /out/a /out/b; ln /out/a /out/c; echo y >/out/d")
            #expect(run.report.artifacts.map(\.path) == ["a", "d"])
            #expect(run.passedOver.count == 2)
        }

        @Test func namesThatWouldDeceiveAReaderArePassedOver() async throws {
            let (run, place) = try await collect(
                #"""
                perl -e 'for my $n ("new\nline", "esc\e[31m", "bad\xff\xfe", "rtl\xe2\x80\xae", "fine", "-rf", "a b") {
                    open(my $f, ">", "/out/$n") or die "$n: $!"; print $f "x" }'
                mkdir "/out/$(printf 'dir\nectory')"; echo x >"/out/$(printf 'dir\nectory')/inside"
                """#)
            #expect(run.report.artifacts.map(\.path) == ["-rf", "a b", "fine"])
            #expect(run.passedOver.count == 5)
            #expect(artifacts(in: "\(place.path)/out") == ["-rf", "a b", "fine"])
        }

        @Test func aThousandDirectoriesDeepIsPassedOver() async throws {
            let (run, place) = try await collect(
                "echo x >/out/plain; perl -e 'chdir(\"/out\"); for (1..1000) { mkdir(\"d\") && chdir(\"d\") or die $! }'"
            ) {
                $0.limits.outInodes = 1100
            }
            #expect(run.report.artifacts.map(\.path) == ["plain"])
            #expect(run.passedOver.count == 1)
            #expect(run.passedOver.first?.contains("deeper than") == true)
            withExtendedLifetime(place) {}
        }

        /// tmpfs takes a length of 2^50 for a file without a single block.
        @Test func aPebibyteOfHolesIsNeitherReadNorCopied() async throws {
            let (run, place) = try await collect(
                "truncate -s 1125899906842624 /out/huge; truncate -s 1M /out/holes; echo x >/out/plain", report: "huge")
            #expect(run.report.artifacts.map(\.path) == ["holes", "plain"], run.explanation)
            #expect(run.report.artifacts.map(\.bytes) == [1 << 20, 2])
            #expect(run.passedOver.first?.contains("holes") == true)
            #expect(run.findings == nil && run.findingsProblem?.contains("holes") == true)
            #expect(artifacts(in: "\(place.path)/out") == ["holes", "plain"])
        }

        @Test func filesOfHolesShareOneQuota() async throws {
            let (run, _) = try await collect(
                "for i in 1 2 3 4 5 6; do truncate -s 1M /out/$i; done; head -c 1M /dev/zero >/out/full"
            ) {
                $0.limits.out = .mebibytes(3)
            }
            #expect(run.report.artifacts.map(\.path) == ["1", "2", "3", "full"])
            #expect(run.passedOver.count == 3)
        }

        @Test func theQuotasOfBytesAndFilesHold() async throws {
            let (run, place) = try await collect(
                "i=0; while true >/out/$i; do i=$((i+1)); done 2>/dev/null; echo $i; rm /out/*; head -c 2M /dev/zero >/out/big || stat -c %s /out/big"
            ) {
                $0.limits.out = .mebibytes(1)
                $0.limits.outInodes = 200
            }
            // The root of /out is one of them.
            #expect(run.lines == ["199", "\(1 << 20)"], run.explanation)
            #expect(run.report.artifacts.map(\.bytes) == [1 << 20])
            withExtendedLifetime(place) {}
        }

        @Test func manyFilesAreAllTaken() async throws {
            let (run, place) = try await collect("cd /out; seq 1000 | split -l 1 -a 3 -d; echo done") {
                $0.limits.outInodes = 1100
            }
            #expect(run.report.artifacts.count == 1000)
            #expect(artifacts(in: "\(place.path)/out").count == 1000)
        }

        @Test func whatIsPassedOverIsListedToABound() async throws {
            let (run, _) = try await collect("for i in $(seq 150); do ln -s x /out/$i; done")
            #expect(run.passedOver.count == 101)
            #expect(run.passedOver.last == "… and 50 more")
        }
    }
}
