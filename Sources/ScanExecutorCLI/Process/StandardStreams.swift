import Executor
import Glibc

/// stdout and stderr of this process, unbuffered.
struct StandardStreams {
    static let output = StandardStreams(descriptor: 1)
    static let error = StandardStreams(descriptor: 2)

    let descriptor: CInt

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Puts /dev/null where 0, 1 or 2 is closed: the next file opened would take the number, and get what is printed.
    static func openMissing() {
        for number in CInt(0)...2 where fcntl(number, F_GETFD) < 0 {
            // The lowest free number is this one. 0 is opened for writing and 1, 2 for reading: use fails as before.
            _ = open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
        }
    }

    /// `scan-executor: what is wrong`, each line of it made safe for a terminal.
    static func complain(_ problem: any Error) {
        complain("\(problem)")
    }

    static func complain(_ lines: [String]) {
        for line in lines { complain(line) }
    }

    static func complain(_ text: String) {
        let lines = text.split(separator: "\n").map { "scan-executor: \(TerminalText.line(String($0)))\n" }
        error.write(lines.joined())
    }

    /// Writes all of it. False where nobody reads any more, or the disk is full.
    @discardableResult
    func write(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { write(UnsafeRawBufferPointer($0)) == 0 }
    }

    /// Writes all of it; 0, or the errno that stopped it.
    func write(_ bytes: UnsafeRawBufferPointer) -> CInt {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            let saved = errno
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0 && saved == EAGAIN {
                // Somebody made the terminal or pipe non-blocking for all who share it.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, -1)
            } else if count == 0 || saved != EINTR {
                return count == 0 ? EIO : saved
            }
        }
        return 0
    }
}
