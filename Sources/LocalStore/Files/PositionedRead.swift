import Glibc
import SystemSupport

extension OwnedDescriptor {
    /// pread(2) until `bytes` is full; false where the file ends before.
    borrowing func readExactly(_ bytes: inout [UInt8], at offset: Int64, object: String) throws(SystemError) -> Bool {
        let (number, count) = (raw, bytes.count)
        var done = 0
        while done < count {
            let got = try systemCall("read", object) {
                let result = bytes.withUnsafeMutableBytes {
                    pread(number, $0.baseAddress! + done, count - done, off_t(offset) + off_t(done))
                }
                return result < 0 ? -Int(errno) : result
            }
            if got == 0 { return false }
            done += got
        }
        return true
    }
}
