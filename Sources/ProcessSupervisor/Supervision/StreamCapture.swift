/// Keeps the beginning and the end of a stream in bounded memory, and counts all of it.
struct StreamCapture {
    private let headLimit: Int
    private let tailLimit: Int
    private var head: [UInt8] = []
    /// A ring once it is full; `oldest` is where it begins.
    private var tail: [UInt8] = []
    private var oldest = 0
    private(set) var totalBytes: UInt64 = 0

    init(headLimit: Int, tailLimit: Int) {
        self.headLimit = max(0, headLimit)
        self.tailLimit = max(0, tailLimit)
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        totalBytes &+= UInt64(bytes.count)
        let forHead = min(bytes.count, headLimit - head.count)
        head.append(contentsOf: bytes.prefix(forHead))
        let rest = bytes.dropFirst(forHead).suffix(tailLimit)
        if rest.isEmpty { return }
        if rest.count == tailLimit {
            tail = Array(rest)
            oldest = 0
            return
        }
        let growing = min(rest.count, tailLimit - tail.count)
        tail.append(contentsOf: rest.prefix(growing))
        for byte in rest.dropFirst(growing) {
            tail[oldest] = byte
            oldest = oldest + 1 == tailLimit ? 0 : oldest + 1
        }
    }

    var captured: CapturedStream {
        CapturedStream(head: head, tail: Array(tail[oldest...] + tail[..<oldest]), totalBytes: totalBytes)
    }
}
