import Glibc

/// Strings as execve(2) takes them: an array of C strings that ends in NULL, in one allocation.
struct StringTable: ~Copyable {
    private let storage: UnsafeMutableRawPointer
    let pointers: UnsafePointer<UnsafeMutablePointer<CChar>?>

    /// The strings must not contain NUL: each ends at its first.
    init(_ strings: [String]) {
        let table = (strings.count + 1) * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride
        let bytes = strings.reduce(0) { $0 + $1.utf8.count + 1 }
        storage = .allocate(byteCount: table + bytes, alignment: 16)
        let slots = storage.bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: strings.count + 1)
        var next = (storage + table).bindMemory(to: CChar.self, capacity: bytes)
        for (index, string) in strings.enumerated() {
            slots[index] = next
            for byte in string.utf8 {
                next.pointee = CChar(bitPattern: byte)
                next += 1
            }
            next.pointee = 0
            next += 1
        }
        slots[strings.count] = nil
        pointers = UnsafePointer(slots)
    }

    deinit {
        storage.deallocate()
    }
}
