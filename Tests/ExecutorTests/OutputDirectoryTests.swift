import Glibc
import SystemSupport
import Testing

@testable import Executor

/// The directory above the output belongs to somebody who puts other things in its place.
@Suite struct OutputDirectoryTests {
    private static func staging(in directory: String) throws -> String {
        let names = try BeneathDirectory(path: directory).entryNames()
        return "\(directory)/\(try #require(names.first { $0.contains(".partial-") }))"
    }

    @Test func whatIsDiscardedIsOnlyItsOwn() throws {
        try withTemporaryDirectory { directory in
            #expect(mkdir("\(directory)/first", 0o700) == 0)
            try writeFile("\(directory)/first/passwd", [1])
            let output = try OutputDirectory("\(directory)/results")
            try output.makeDirectory("d")
            try output.create("passwd").write([2])
            try output.create("d/passwd").write([2])
            let staging = try Self.staging(in: directory)
            #expect(rename(staging, "\(directory)/second") == 0)
            #expect(symlink("\(directory)/first", staging) == 0)
            output.discard()
            #expect(access("\(directory)/first/passwd", F_OK) == 0)
            #expect(try BeneathDirectory(path: "\(directory)/second").entryNames().isEmpty)
            unlink(staging)
        }
    }

    @Test func whatSomebodyElsePutThereIsNotPublished() throws {
        try withTemporaryDirectory { directory in
            let output = try OutputDirectory("\(directory)/first")
            try output.create("report").write([1])
            let staging = try Self.staging(in: directory)
            #expect(rename(staging, "\(directory)/second") == 0)
            #expect(mkdir(staging, 0o700) == 0)
            #expect(throws: ExecutorError.self) { try output.publish() }
            #expect(try BeneathDirectory(path: "\(directory)/second").entryNames().isEmpty)
        }
    }

    @Test func whatWasWrittenIsPublishedAndNothingElseIsLeft() throws {
        try withTemporaryDirectory { directory in
            let output = try OutputDirectory("\(directory)/first/")
            try output.create("report").write([1])
            try output.publish()
            #expect(try BeneathDirectory(path: directory).entryNames() == ["first"])
            #expect(try BeneathDirectory(path: directory).read("first/report") == [1])
        }
    }
}
