import Glibc

/// A verb of the command line, once it is read.
protocol Verb: Sendable {
    /// SIGINT, SIGTERM and SIGHUP end its run in good order instead of ending this process.
    static var takesInterrupts: Bool { get }
    /// Every failure of ours in this verb, as a status.
    static func status(of error: any Error) -> ExitStatus

    func execute(_ interrupts: Interrupts) async throws -> ExitStatus
}

extension Verb {
    static var takesInterrupts: Bool { false }
    static func status(of error: any Error) -> ExitStatus { .failure(error) }
}

@main enum Main {
    static func main() {
        StandardStreams.openMissing()
        // What a closed pipe means is decided where the write fails.
        signal(SIGPIPE, SIG_IGN)
        do {
            try ProcessLimits.prepare()
            start(try CommandLineReader.read())
        } catch {
            leave(CommandLineReader.explain(error))
        }
    }

    /// Runs the verb on Swift's threads, and keeps the first thread for signals: it never returns.
    private static func start(_ verb: any Verb) -> Never {
        let type = type(of: verb)
        // Before any other thread exists: they all inherit the mask.
        let interrupts = Interrupts(taken: type.takesInterrupts)
        Task.detached {
            do {
                leave(try await verb.execute(interrupts))
            } catch {
                // Whoever reads stderr may have stopped to: a signal must end even that.
                interrupts.runIsOver()
                StandardStreams.complain(error)
                leave(type.status(of: error))
            }
        }
        interrupts.serve()
    }
}

/// Ends the process. All that was to be cleaned up has been; nothing is buffered.
func leave(_ status: ExitStatus) -> Never { _exit(status.code) }
