import Glibc
import ProcessSupervisor
import SystemSupport
import Testing

@testable import Executor

extension SandboxTests {
    /// The roots of sandboxes while the host changes beneath a worker that goes on.
    @Suite struct RootTests {
        @Test func aRootIsBuiltAnewOnceOneOfItsFilesWasReplaced() async throws {
            let host = try await RunFixture.host()
            let tools = try TestDirectory()
            try tools.file("settings", "old\n", mode: 0o644)
            func root() async throws -> RootTemplate {
                try await host.template(
                    host.standardRoot.layout(
                        extra: [.init(source: "\(tools.path)/settings", target: "/opt/settings")], network: .none))
            }
            func content(_ root: RootTemplate) throws -> String {
                try BeneathDirectory(owning: root.root.duplicate(), path: "/").readText("opt/settings")
            }
            let first = try await root()
            #expect(try content(first) == "old\n")
            // The control: nothing has changed, so nothing is built.
            #expect(try await root() === first)

            try tools.file("new", "new\n", mode: 0o644)
            #expect(rename("\(tools.path)/new", "\(tools.path)/settings") == 0)
            #expect(!first.isCurrent)
            let second = try await root()
            #expect(second !== first)
            #expect(try content(second) == "new\n")
            #expect(try await root() === second)
        }
    }
}
