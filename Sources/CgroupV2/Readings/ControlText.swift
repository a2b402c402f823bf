import Glibc
import SystemSupport

/// Reads the small text files of cgroupfs.
enum ControlText {
    private static let bufferSize = 8 << 10
    /// Lists such as cgroup.procs are sequence files: a read stops at the record that did not fit the kernel's page.
    /// Less than half a page is therefore all there is, and saves the second read in nearly every case.
    private static let surelyComplete = 2 << 10
    /// What no honest kernel file reaches.
    private static let limit = 4 << 20

    /// The whole text from the start, whatever was read from `file` before (pread(2)), so that one descriptor serves
    /// for many readings. Throws EFBIG over 4 MiB.
    static func read(_ file: borrowing OwnedDescriptor, object: @autoclosure () -> String) throws(SystemError) -> String
    {
        let number = file.raw
        var text = ""
        var failure: CInt = 0
        withUnsafeTemporaryAllocation(byteCount: bufferSize, alignment: 16) { buffer in
            var offset = 0
            while offset <= limit {
                let count = pread(number, buffer.baseAddress, bufferSize, off_t(offset))
                let saved = errno
                if count < 0 && saved == EINTR { continue }
                if count < 0 { failure = saved }
                if count <= 0 { return }
                text += String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
                offset += count
                if offset < surelyComplete { return }
            }
            failure = EFBIG
        }
        if failure != 0 { throw SystemError("read", object(), .init(rawValue: failure)) }
        return text
    }
}
