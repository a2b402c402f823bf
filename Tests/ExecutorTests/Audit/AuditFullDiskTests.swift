import Glibc
import ProcessSupervisor
import SystemPackage
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// A file system of 4 MiB of its own, that is filled and emptied.
    @Suite struct AuditFullDiskTests {
        private final class SmallDisk: Sendable {
            let mount: DetachedMount
            /// The mount is nowhere in the tree; its descriptor is the way to it.
            var path: String { "/proc/self/fd/\(mount.descriptor.raw)" }

            init() throws {
                mount = try .tmpfs(size: .mebibytes(4), inodes: 64, uid: 0, gid: 0, attributes: [.noSetuid])
            }

            func fill() throws {
                let file = try OwnedDescriptor.open("\(path)/filler", O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
                let block = [UInt8](repeating: 0, count: 4096)
                while block.withUnsafeBytes({ write(file.raw, $0.baseAddress, $0.count) }) > 0 {}
                #expect(errno == ENOSPC)
            }

            func makeRoom() { unlink("\(path)/filler") }
        }

        private func host(_ disk: SmallDisk, _ adjust: (inout HostSettings) -> Void = { _ in }) async throws
            -> SandboxHost
        {
            try await RunFixture.host {
                $0.audit = AuditSettings(directory: "\(disk.path)/audit")
                adjust(&$0)
            }
        }

        @Test func noRunStartsWithoutRoomForItsRecordAndNoneIsLost() async throws {
            let disk = try SmallDisk()
            let host = try await host(disk)
            let log = try #require(host.audit)
            #expect(try await outcome(shell("exit 0"), on: host).audited != nil)
            try disk.fill()
            // What was kept free takes the records of runs until less than a run's room is left.
            var refused: ExecutorError?
            var recorded = log.newestSequence
            for _ in 0..<2000 where refused == nil {
                do {
                    // Records of some 10 KiB, so that fewer do.
                    let run = try await host.run(shell("x=$(printf %04000d 0); echo $x; echo $x >&2"))
                    #expect(run.auditProblem == nil)
                    recorded += 1
                    #expect(run.audited?.sequence == recorded)
                } catch { refused = try #require(error as? ExecutorError) }
            }
            let error = try #require(refused)
            #expect(error.isTransient && error.code == .host && error.errno == .noSpace)
            #expect(error.message.contains("no room for another record") && error.message.contains("bytes free"))
            #expect(try await refusal(shell("exit 0"), on: host)?.isTransient == true)
            let full = try AuditVerifier(directory: log.settings.directory).verify()
            #expect(full.isIntact && UInt64(full.records) == recorded, "\(full.breaks)")

            disk.makeRoom()
            #expect(try await outcome(shell("exit 0"), on: host).audited?.sequence == recorded + 1)
            let after = try AuditVerifier(directory: log.settings.directory).verify()
            #expect(after.isIntact && UInt64(after.records) == recorded + 1, "\(after.breaks)")
        }

        /// Each attempt would leave a copy of what a crash left, and take an inode with it.
        @Test func whatCannotBeMovedAsideLeavesNoCopies() async throws {
            let disk = try SmallDisk()
            let settings = AuditSettings(directory: "\(disk.path)/audit")
            try await AuditLog(settings).append(auditRecord("one"))
            let file = try OwnedDescriptor.open(
                "\(settings.directory)/\(AuditDirectory.fileName(first: 1))", O_WRONLY | O_APPEND)
            #expect(write(file.raw, "half", 4) == 4)
            try disk.fill()
            let log = try AuditLog(settings)
            for _ in 0..<3 {
                await #expect(throws: ExecutorError.self) { try await log.append(auditRecord("two")) }
            }
            let directory = try AuditDirectory(settings.directory, creates: false)
            #expect(try directory.partials().isEmpty)
            disk.makeRoom()
            #expect(try await log.append(auditRecord("three")).sequence == 2)
            #expect(try directory.partials().count == 1)
            #expect(try AuditVerifier(directory: settings.directory).verify().isIntact)
        }

        /// Somebody takes even the room that was kept: the run's result is given, and its cgroup waits for its record.
        @Test func aRecordThatCannotBeWrittenIsWrittenLater() async throws {
            let disk = try SmallDisk()
            let host = try await host(disk) { settings in
                let path = "\(disk.path)/audit"
                settings.onStep = { step in
                    guard step == .published, access("\(path)/../full", F_OK) == 0 else { return }
                    let names = (try? BeneathDirectory(path: path).entryNames()) ?? []
                    for name in names where name.hasSuffix(".jsonl") {
                        var status = stat()
                        // What is reserved behind the end goes.
                        if stat("\(path)/\(name)", &status) == 0 {
                            truncate("\(path)/\(name)", status.st_size + 1)
                            truncate("\(path)/\(name)", status.st_size)
                        }
                    }
                    try? disk.fill()
                }
            }
            try writeFile("\(disk.path)/full", [])
            // The record must not fit in what is left of the file's last page.
            let wanted = shell("echo result; head -c 8000 /dev/zero | tr '\\0' x >&2")
            let run = try await host.run(wanted)
            unlink("\(disk.path)/full")
            #expect(run.kind == .clean && run.lines == ["result"], run.explanation)
            #expect(
                run.audited == nil && run.auditProblem?.isTransient == true, "\(String(describing: run.auditProblem))")
            #expect(host.leftoverCount == 1)
            let leaf = "\(host.tree.path)/tasks/test/\(wanted.taskID).1"
            #expect(access(leaf, F_OK) == 0)
            disk.makeRoom()
            await host.leftovers.whenEmpty()
            #expect(access(leaf, F_OK) != 0)
            let result = try AuditVerifier(directory: "\(disk.path)/audit").verify()
            #expect(result.isIntact, "\(result.breaks)")
            let text = try BeneathDirectory(path: "\(disk.path)/audit").readText(AuditDirectory.fileName(first: 1))
            #expect(text.split(separator: "\n").filter { $0.contains("\"task_id\":\"\(wanted.taskID)\"") }.count == 1)
        }
    }
}
