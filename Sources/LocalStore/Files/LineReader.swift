import Glibc
import SystemSupport

/// Reads a file's lines one after the other, from an offset, holding no more than one of them and a block.
struct LineReader: ~Copyable {
    /// A record has bounded texts and lists: what is longer than this is none.
    static let longestLine = 16 << 20
    private static let block = 1 << 20

    enum Step {
        /// A whole line, without its newline, and where it begins. The bytes are valid until the next call.
        case line(UnsafeBufferPointer<UInt8>, offset: Int64)
        /// A line over ``longestLine``, and the bytes it has with its newline.
        case oversized(offset: Int64, length: Int64)
        /// The file ends here, behind a whole line, or before a line that is not complete yet.
        case end(incompleteBytes: Int64)
    }

    private let file: OwnedDescriptor
    private let name: String
    private var buffer: UnsafeMutableBufferPointer<UInt8>
    /// Where in the file the buffer's first byte lies.
    private var base: Int64
    private var start = 0
    private var filled = 0
    /// How far the buffer has been searched for a newline.
    private var searched = 0

    init(_ file: consuming OwnedDescriptor, name: String, offset: Int64) {
        self.file = file
        self.name = name
        base = offset
        buffer = .allocate(capacity: 2 * Self.block)
    }

    deinit { buffer.deallocate() }

    /// Where the next line begins.
    var offset: Int64 { base + Int64(start) }

    mutating func next() throws(LocalStoreError) -> Step {
        while true {
            let rest = filled - searched
            let address = buffer.baseAddress.unsafelyUnwrapped
            if rest > 0, let found = memchr(address + searched, 0x0A, rest) {
                let newline = UnsafeRawPointer(found) - UnsafeRawPointer(address)
                let line = UnsafeBufferPointer(start: UnsafePointer(address + start), count: newline - start)
                let begin = offset
                start = newline + 1
                searched = start
                return .line(line, offset: begin)
            }
            searched = filled
            if filled - start > Self.longestLine { return try skipLine() }
            if try fill() == 0 { return .end(incompleteBytes: Int64(filled - start)) }
        }
    }

    /// Reads on to the newline, keeping nothing. A line that has none before the end is not complete.
    private mutating func skipLine() throws(LocalStoreError) -> Step {
        let begin = offset
        var length: Int64 = 0
        while true {
            let address = buffer.baseAddress.unsafelyUnwrapped
            if let found = memchr(address + start, 0x0A, filled - start) {
                let newline = UnsafeRawPointer(found) - UnsafeRawPointer(address)
                length += Int64(newline + 1 - start)
                start = newline + 1
                searched = start
                return .oversized(offset: begin, length: length)
            }
            length += Int64(filled - start)
            start = filled
            if try fill() == 0 {
                // Before it: the caller comes back when there is more.
                base = begin
                (start, filled, searched) = (0, 0, 0)
                return .end(incompleteBytes: length)
            }
        }
    }

    /// Reads a block behind what is there. Zero at the end of the file.
    private mutating func fill() throws(LocalStoreError) -> Int {
        let address = buffer.baseAddress.unsafelyUnwrapped
        if start > 0 {
            memmove(address, address + start, filled - start)
            base += Int64(start)
            filled -= start
            searched -= start
            start = 0
        }
        if buffer.count - filled < Self.block {
            let larger = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 2 * buffer.count)
            memcpy(larger.baseAddress.unsafelyUnwrapped, address, filled)
            buffer.deallocate()
            buffer = larger
        }
        let (number, space) = (file.raw, UnsafeMutableRawPointer(buffer.baseAddress.unsafelyUnwrapped + filled))
        let position = off_t(base + Int64(filled))
        do throws(SystemError) {
            let count = try systemCall("read", name) {
                let result = pread(number, space, Self.block, position)
                return result < 0 ? -Int(errno) : result
            }
            filled += count
            return count
        } catch {
            throw LocalStoreError(.directory, "\(error)")
        }
    }
}
