import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// What the prover plants on the host, and what it takes away of a killed one.
    @Suite struct ProofFieldTests {
        @Test func theNextProverTakesAwayWhatAKilledOneLeft() throws {
            let state = try TestDirectory()
            let directory = "\(state.path)/proof.d"
            let canary = try CanaryFile("left", stateDirectory: state.path)
            try #require(mkdir(directory, 0o700) == 0)
            let mount = try PlantedMount("\(directory)/programs")
            try PlantedFile.write([1], to: "\(mount.path)/setuid", mode: 0o6755)

            let field = try ProofField(try ProofFixture.probe.get(), stateDirectory: state.path)
            #expect(access(canary.directory, F_OK) != 0)
            #expect(access(field.canaryFile, F_OK) == 0)
            field.remove()
            #expect(access(field.canaryFile, F_OK) != 0)
            #expect(Possessions.names(state.path) == ["proof.lock"])
        }

        /// Anybody may put something in the place of a directory of /var/tmp that is gone.
        @Test func aLinkInThePlaceOfACanaryIsNotFollowed() throws {
            let state = try TestDirectory()
            try #require(mkdir("\(state.path)/others", 0o755) == 0)
            try state.file("others/canary", "kept")
            let left = try CanaryFile("left", stateDirectory: state.path)
            try #require(unlink(left.path) == 0 && rmdir(left.directory) == 0)
            try #require(symlink("\(state.path)/others", left.directory) == 0)
            defer { unlink(left.directory) }
            try CanaryFile("new", stateDirectory: state.path).remove()
            #expect(try BeneathDirectory(path: state.path).readText("others/canary") == "kept")
        }

        @Test(arguments: ["/var/tmp", "/var/tmp/scan-executor-proof-", "/var/tmp/scan-executor-proof-../x", "", "\0"])
        func aNoteOfAnotherNameIsPassedOver(_ note: String) throws {
            let state = try TestDirectory()
            try state.file("proof.canary", note)
            let canary = try CanaryFile("new", stateDirectory: state.path)
            #expect(access(canary.path, F_OK) == 0)
            canary.remove()
            #expect(Possessions.names(state.path) == [])
        }

        @Test func everyConnectionIsTakenAtOnce() throws {
            let listeners = try HostListeners(name: RunFixture.uniqueName("listeners"))
            #expect(!listeners.wereReached())
            var sockets: [SharedDescriptor] = []
            for _ in 0..<3 { sockets.append(SharedDescriptor(owning: try Self.connection(to: listeners.port))) }
            #expect(listeners.wereReached())
            #expect(!listeners.wereReached())
            withExtendedLifetime(sockets) {}
        }

        @Test func whatWasTypedIsTakenAtOnce() throws {
            let terminal = try #require(HostTerminal())
            #expect(!terminal.wasTypedInto())
            let text = String(repeating: "x", count: 100)
            #expect(write(terminal.slave.descriptor.raw, text, text.utf8.count) == text.utf8.count)
            #expect(terminal.wasTypedInto())
            #expect(!terminal.wasTypedInto())
        }

        private static func connection(to port: UInt16) throws -> OwnedDescriptor {
            let number = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            try #require(number >= 0)
            let connection = OwnedDescriptor(owning: number)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(result == 0)
            return connection
        }
    }
}
