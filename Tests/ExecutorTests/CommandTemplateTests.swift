import Testing

@testable import Executor

@Suite struct CommandTemplateTests {
    @Test(arguments: [
        ("{target}", "/src"), ("x{target}y{output}z", "x/srcy/outz"), ("{{target}}", "{target}"),
        ("{{{target}}}", "{/src}"), ("", ""),
        ("${{x}}", "${x}"), ("{target}{target}", "/src/src"),
    ])
    func placeholdersAndBracesComeOutAsDocumented(argument: String, expanded: String) throws {
        #expect(try CommandTemplate(["tool", argument]).expanded() == ["tool", expanded])
    }

    @Test func theTargetIsNeverPartOfAScript() throws {
        // A path with a quote in it stays one argument of its own: nothing is re-read after it was put in.
        let command = try CommandTemplate(["sh", "-c", "tool \"$1\"", "sh", "{target}"])
        #expect(command.expanded(target: "/a\"; {output}").last == "/a\"; {output}")
    }
}
