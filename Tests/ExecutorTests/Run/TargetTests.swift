import Glibc
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// What may be scanned and where its artifacts may go; everything else is one clear error, and leaves nothing.
    @Suite struct TargetTests {
        private func scan(_ target: String, _ script: String = "cat /src/f") -> RunRequest {
            shell(script) { $0.target = target }
        }

        @Test func aDirectoryIsSeenReadOnlyBelowSrc() async throws {
            let host = try await RunFixture.host()
            let tree = try TestDirectory()
            try tree.file("f", "content\n")
            let run = try await outcome(
                scan(
                    tree.path,
                    "cat /src/f; echo x 2>/dev/null >/src/f || echo refused; cp /bin/true /tmp/t; /tmp/t && echo ran"),
                on: host)
            #expect(run.lines == ["content", "refused", "ran"], run.explanation)
        }

        @Test func aMissingTargetAFileAndALinkAreRefused() async throws {
            let host = try await RunFixture.host()
            let tree = try TestDirectory()
            let file = try tree.file("f", "content\n")
            symlink("/etc", "\(tree.path)/link")
            let missing = try await refusal(scan("\(tree.path)/missing"), on: host)
            #expect(missing?.code == .target && missing?.message.contains("ENOENT") == true)
            let plain = try await refusal(scan(file), on: host)
            #expect(plain?.message.contains("not a directory") == true)
            for name in ["link", "link/", "link/."] {
                let link = try await refusal(scan("\(tree.path)/\(name)"), on: host)
                #expect(link?.message.contains("symbolic link") == true, "\(name)")
            }
            #expect(try await outcome(scan(tree.path), on: host).kind == .clean)
            #expect(try await outcome(scan(tree.path + "/"), on: host).kind == .clean)
        }

        @Test func aLinkOutOfTheTargetLeadsNowhere() async throws {
            let host = try await RunFixture.host()
            let (tree, outside) = (try TestDirectory(), try TestDirectory())
            try outside.file("secret", "secret\n")
            try tree.file("f", "content\n")
            symlink("\(outside.path)/secret", "\(tree.path)/absolute")
            symlink("../\(outside.path.split(separator: "/").last ?? "")/secret", "\(tree.path)/relative")
            symlink("f", "\(tree.path)/inside")
            let run = try await outcome(
                scan(tree.path, "cat /src/absolute /src/relative 2>/dev/null; cat /src/inside"), on: host)
            #expect(run.lines == ["content"], run.explanation)
        }

        /// A target of somebody else's, closed to all others, on the file system where the tests' files are.
        @Test func aClosedTargetIsMappedOrRefusedBeforeTheLaunch() async throws {
            let host = try await RunFixture.host()
            let tree = try TestDirectory(mode: 0o700)
            try tree.file("f", "private\n", mode: 0o600)
            for path in ["\(tree.path)/f", tree.path] { chown(path, 12345, 12345) }
            do {
                let run = try await outcome(
                    scan(tree.path, "cat /src/f; ls -n /src/f | cut -d' ' -f3; id -u"), on: host)
                #expect(run.lines.first == "private", run.explanation)
                #expect(run.lines.suffix(2).first == run.lines.last, "the owner is the sandbox's uid")
            } catch let error as ExecutorError {
                // tmpfs before Linux 6.3, and others.
                #expect(error.code == .target && error.message.contains("cannot map owners"))
            }
            // The control: the same tree, opened to all.
            chmod("\(tree.path)/f", 0o644)
            chmod(tree.path, 0o755)
            #expect(try await outcome(scan(tree.path), on: host).lines == ["private"])
        }

        @Test(.enabled(if: RunFixture.blockDevice != nil, "needs a disk with ext4 that may be mounted"))
        func aClosedTargetOnExt4IsMapped() async throws {
            let host = try await RunFixture.host()
            let disk = try MountedDisk()
            try disk.directory.file("f", "private\n", mode: 0o600)
            for path in ["\(disk.directory.path)/f", disk.directory.path] { chown(path, 12345, 12345) }
            chmod(disk.directory.path, 0o700)
            let run = try await outcome(scan(disk.directory.path), on: host)
            #expect(run.lines == ["private"], run.explanation)
        }

        @Test func aFileThatNobodyCouldReadIsNamed() async throws {
            let host = try await RunFixture.host()
            let tree = try TestDirectory()
            try tree.file("f", "content\n")
            try tree.directory("d")
            let hidden = try tree.file("d/hidden", "x", mode: 0o600)
            chown(hidden, 12345, 12345)
            let refused = try await refusal(scan(tree.path), on: host)
            #expect(refused?.code == .target)
            #expect(refused?.message.contains("d/hidden") == true)
            chmod(hidden, 0o644)
            #expect(try await outcome(scan(tree.path), on: host).kind == .clean)
        }

        @Test func programsOfTheTargetRunOnlyWhereThatIsAsked() async throws {
            let host = try await RunFixture.host()
            let tree = try TestDirectory()
            try tree.file("tool", "#!/bin/sh\necho ran\n", mode: 0o755)
            let scanned = try await outcome(scan(tree.path, "/src/tool"), on: host)
            #expect(scanned.report.verdict.exitCode == 126, scanned.explanation)
            let executed = try await outcome(
                shell("/src/tool") {
                    $0.target = tree.path
                    $0.executesTarget = true
                }, on: host)
            #expect(executed.lines == ["ran"], executed.explanation)
        }
    }

    @Suite struct OutputTests {
        private func writing(_ output: String, _ script: String = "echo report >/out/report.txt") -> RunRequest {
            shell(script) { $0.output = output }
        }

        @Test func artifactsAreCopiedToANewOrEmptyDirectory() async throws {
            let host = try await RunFixture.host()
            let place = try TestDirectory()
            try place.directory("empty")
            for name in ["new", "empty", "slash/"] {
                let run = try await host.run(writing("\(place.path)/\(name)"))
                #expect(run.kind == .clean, run.explanation)
                #expect(run.report.artifacts.map(\.path) == ["report.txt"])
                let copy = try BeneathDirectory(path: "\(place.path)/\(name)").read("report.txt")
                #expect(copy == Array("report\n".utf8))
                #expect(run.report.artifacts.first?.sha256 == SHA256.hex(SHA256.digest(copy)))
            }
            #expect(Possessions.names(place.path) == ["empty", "new", "slash"])
        }

        @Test func aPlaceThatIsTakenIsRefusedAndNotTouched() async throws {
            let host = try await RunFixture.host()
            let place = try TestDirectory()
            try place.directory("full")
            try place.file("full/old", "old")
            try place.file("file", "old")
            symlink("full", "\(place.path)/link")
            symlink("nowhere", "\(place.path)/dangling")
            let before = Possessions.names(place.path)
            let words = [
                "full": "not empty", "file": "not a directory", "link": "symbolic link", "link/": "symbolic link",
                "dangling": "symbolic link", "missing/new": "ENOENT", ".": "is no name", "full/..": "is no name",
            ]
            for (name, word) in words {
                let refused = try await refusal(writing("\(place.path)/\(name)"), on: host)
                #expect(
                    refused?.code == .output && refused?.message.contains(word) == true,
                    "\(name): \(refused?.message ?? "")")
            }
            for name in ["", "/", "a\0b"] {
                #expect(try await refusal(writing(name), on: host)?.code == .output)
            }
            #expect(Possessions.names(place.path) == before)
            #expect(Possessions.names("\(place.path)/full") == ["old"])
        }

        @Test func aFullDiskIsATransientErrorAndNothingOfTheOutputStays() async throws {
            let host = try await RunFixture.host()
            let disk = try MountedTmpfs(size: "size=1m,nr_inodes=20")
            let script = { (size: String) in "mkdir /out/d; echo a >/out/a; head -c \(size) /dev/zero >/out/d/big" }
            let fits = try await host.run(writing("\(disk.path)/fits", script("300k")))
            #expect(fits.report.artifacts.map(\.path) == ["a", "d/big"], fits.explanation)
            let full = try await refusal(writing("\(disk.path)/full", script("2M")), on: host)
            #expect(full?.code == .output && full?.isTransient == true)
            #expect(full?.message.contains("ENOSPC") == true)
            let many = try await refusal(
                writing("\(disk.path)/many", "for i in $(seq 50); do : >/out/$i; done"), on: host)
            #expect(many?.code == .output && many?.isTransient == true)
            #expect(Possessions.names(disk.path) == ["fits"])
        }

        @Test func anOutputThatVanishesOrAppearsMeanwhileIsAnError() async throws {
            let host = try await RunFixture.host()
            let place = try TestDirectory()
            let before = Possessions.now(of: host)
            let vanished = try place.directory("vanishing")
            await #expect(throws: ExecutorError.self) {
                _ = try await host.run(writing("\(vanished)/out")) { _ in TestDirectory.remove(vanished) }
            }
            await #expect(throws: ExecutorError.self) {
                _ = try await host.run(writing("\(place.path)/appears")) { _ in
                    mkdir("\(place.path)/appears", 0o755)
                    _ = try? writeFile("\(place.path)/appears/theirs", [1])
                }
            }
            #expect(Possessions.names(place.path) == ["appears"])
            #expect(Possessions.names("\(place.path)/appears") == ["theirs"])
            #expect(try await Possessions.leaks(of: host, since: before) == [])
        }
    }
}

/// A small file system in memory, unmounted with the test.
final class MountedTmpfs: Sendable {
    let path: String

    init(size options: String) throws {
        path = "\(RunFixture.directory)/\(RunFixture.uniqueName("tmpfs"))"
        try #require(mkdir(path, 0o755) == 0)
        try #require(mount("tmpfs", path, "tmpfs", 0, options) == 0)
    }

    deinit {
        umount2(path, CInt(MNT_DETACH))
        rmdir(path)
    }
}

/// The disk with ext4, mounted for one test.
final class MountedDisk: Sendable {
    private let mountPoint: String
    let directory: TestDirectory

    init() throws {
        let device = try #require(RunFixture.blockDevice)
        mountPoint = "\(RunFixture.directory)/\(RunFixture.uniqueName("disk"))"
        try #require(mkdir(mountPoint, 0o755) == 0)
        try #require(mount(device, mountPoint, "ext4", 0, nil) == 0)
        directory = try TestDirectory(in: mountPoint)
    }

    deinit {
        TestDirectory.remove(directory.path)
        umount2(mountPoint, CInt(MNT_DETACH))
        rmdir(mountPoint)
    }
}
