import ArgumentParser
import Executor
import Glibc

/// Turns argv into a verb, or into what is wrong with it.
enum CommandLineReader {
    /// Nothing that one types as an option is longer; the parser compares what it does not know with all that it knows.
    private static let longestOption = 4096

    static func read() throws -> any Verb {
        let arguments = try rawArguments()
        let isExec = arguments.first == "exec"
        // What follows `--` is the command's: the parser does not see it, however much it is.
        let end = isExec ? arguments.firstIndex(of: "--") : nil
        let options = Array(arguments[..<(end ?? arguments.endIndex)])
        for option in options where option.utf8.count > longestOption {
            throw InputError("an argument of \(option.utf8.count) bytes is no option, path or limit")
        }
        if let end {
            var quick = ExecOptions(quickly: options.dropFirst())
            quick?.command = Array(arguments[(end + 1)...])
            if let quick { return ExecRun(options: quick) }
        }
        var command = try ScanExecutor.parseAsRoot(options)
        if let exec = command as? ExecCommand {
            var options = exec.options
            if let end { options.command = Array(arguments[(end + 1)...]) }
            return ExecRun(options: options)
        }
        if let verb = command as? any Verb { return verb }
        // A command that only groups others answers with its help.
        try command.run()
        throw CleanExit.helpRequest()
    }

    /// Says on stderr what is wrong, or on stdout what was asked for.
    static func explain(_ error: any Error) -> ExitStatus {
        if let problem = error as? InputError {
            StandardStreams.complain(problem)
            return usage
        }
        let text = ScanExecutor.fullMessage(for: error)
        if ScanExecutor.exitCode(for: error).isSuccess {
            StandardStreams.output.write(text.hasSuffix("\n") ? text : text + "\n")
            return .success
        }
        // The parser's message, and its usage lines, which quote what was typed.
        var message = text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text
        if isExec, !CommandLine.arguments.contains("--") {
            message += "\n  The command comes after --, as in: scan-executor exec -- ls /usr"
        }
        StandardStreams.error.write("scan-executor: \(TerminalText.block(message, limit: 8192))\n")
        return usage
    }

    private static var isExec: Bool { CommandLine.arguments.dropFirst().first == "exec" }

    /// In `exec` the command's own codes are all of 0 to 123: what is ours is 125, as with env(1) and timeout(1).
    private static var usage: ExitStatus { isExec ? .sandboxFailed : .usage }

    /// argv as it is. Swift's own repairs what is not UTF-8, and would run another command than was asked for.
    private static func rawArguments() throws -> [String] {
        try (1..<max(1, Int(CommandLine.argc))).map { index in
            guard let pointer = CommandLine.unsafeArgv[index], let text = String(validatingCString: pointer) else {
                throw InputError("argument \(index) is not UTF-8")
            }
            return text
        }
    }
}
