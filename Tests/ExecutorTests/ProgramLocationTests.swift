import Glibc
import Testing

@testable import Executor

@Suite struct ProgramLocationTests {
    /// A pyvenv.cfg may have come with the tree that is scanned.
    @Test func aVirtualEnvironmentShowsAPythonAndNothingElse() throws {
        try withTemporaryDirectory { directory in
            let (environment, home) = ("\(directory)/first", "\(directory)/second")
            for path in [environment, "\(environment)/bin", home, "\(home)/bin"] { #expect(mkdir(path, 0o755) == 0) }
            try writeFile("\(environment)/pyvenv.cfg", Array("home = \(home)/bin\n".utf8))
            try writeFile("\(environment)/bin/tool", [])
            let found = try ProgramLocation.find("tool", directories: ["\(environment)/bin"], declared: [])
            #expect(found.needs == [environment])
            try writeFile("\(home)/bin/python3", [])
            chmod("\(home)/bin/python3", 0o755)
            let python = try ProgramLocation.find("tool", directories: ["\(environment)/bin"], declared: [])
            #expect(python.needs == [environment, home])
            unlink("\(environment)/bin/tool")
            unlink("\(home)/bin/python3")
            rmdir("\(environment)/bin")
            rmdir("\(home)/bin")
        }
    }
}
