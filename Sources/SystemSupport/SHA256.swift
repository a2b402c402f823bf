import CSystemSupport

/// SHA-256 of FIPS 180-4, for content addresses and artifact digests. Feed it in pieces of any size:
///
///     var hash = SHA256()
///     hash.update(bytes)
///     let text = SHA256.hex(hash.finalize())
public struct SHA256: Sendable {
    /// Bytes in a digest.
    public static let byteCount = 32

    private var state: [8 of UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// Bytes that do not fill a block yet: always fewer than 64.
    private var pending: [UInt8] = []
    private var total: UInt64 = 0

    /// Whether the processor's own instructions are used where there are any.
    private let usesInstructions: Bool

    public init() { self.init(usingInstructions: true) }

    /// For tests of both ways.
    package init(usingInstructions: Bool) {
        usesInstructions = usingInstructions
        pending.reserveCapacity(64)
    }

    /// Adds bytes to the message. A message may have up to 2^61 - 1 bytes.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { update($0) }
        }
    }

    /// Adds bytes to the message, as ``update(_:)-(Sequence)``.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        total &+= UInt64(bytes.count)
        var rest = bytes[...]
        if !pending.isEmpty {
            let missing = rest.prefix(64 - pending.count)
            pending.append(contentsOf: missing)
            rest = rest.dropFirst(missing.count)
            if pending.count < 64 { return }
            let block = pending
            block.withUnsafeBytes { compress($0) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = rest.count & ~63
        if whole > 0 { compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole))) }
        pending.append(contentsOf: rest.dropFirst(whole))
    }

    /// The digest, 32 bytes. The value itself stays as it was, so a running digest can be taken.
    public func finalize() -> [UInt8] {
        var last = self
        var padding: [UInt8] = [0x80]
        padding.append(contentsOf: repeatElement(0, count: (119 - pending.count) % 64))
        let bits = total &* 8
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            padding.append(UInt8(truncatingIfNeeded: bits >> shift))
        }
        last.update(padding)
        var digest: [UInt8] = []
        digest.reserveCapacity(SHA256.byteCount)
        for index in 0..<8 {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                digest.append(UInt8(truncatingIfNeeded: last.state[index] >> shift))
            }
        }
        return digest
    }

    /// The digest of one message.
    public static func digest(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// Lower-case hexadecimal, two digits a byte.
    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Works through whole blocks. The eight variables are renamed instead of moved, so eight rounds are written out.
    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        if usesInstructions {
            let isDone = withUnsafeMutableBytes(of: &state) { state in
                csys_sha256_blocks(
                    state.baseAddress?.assumingMemoryBound(to: UInt32.self), blocks.baseAddress, blocks.count / 64)
            }
            if isDone { return }
        }
        SHA256.constants.withUnsafeBufferPointer { constants in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
                let k = constants.baseAddress.unsafelyUnwrapped
                let w = words.baseAddress.unsafelyUnwrapped
                var offset = 0
                while offset < blocks.count {
                    SHA256.expand(blocks.baseAddress.unsafelyUnwrapped + offset, into: w)
                    mix(w, k)
                    offset += 64
                }
            }
        }
    }

    @inline(__always)
    private static func expand(_ block: UnsafeRawPointer, into w: UnsafeMutablePointer<UInt32>) {
        for index in 0..<16 {
            w[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self))
        }
        for index in 16..<64 {
            let before15 = w[index &- 15]
            let before2 = w[index &- 2]
            let sigma0 = rotate(before15, 7) ^ rotate(before15, 18) ^ (before15 &>> 3)
            let sigma1 = rotate(before2, 17) ^ rotate(before2, 19) ^ (before2 &>> 10)
            w[index] = w[index &- 16] &+ sigma0 &+ w[index &- 7] &+ sigma1
        }
    }

    @inline(__always)
    private mutating func mix(_ w: UnsafeMutablePointer<UInt32>, _ k: UnsafePointer<UInt32>) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        var index = 0
        while index < 64 {
            SHA256.round(a, b, c, &d, e, f, g, &h, w[index] &+ k[index])
            SHA256.round(h, a, b, &c, d, e, f, &g, w[index &+ 1] &+ k[index &+ 1])
            SHA256.round(g, h, a, &b, c, d, e, &f, w[index &+ 2] &+ k[index &+ 2])
            SHA256.round(f, g, h, &a, b, c, d, &e, w[index &+ 3] &+ k[index &+ 3])
            SHA256.round(e, f, g, &h, a, b, c, &d, w[index &+ 4] &+ k[index &+ 4])
            SHA256.round(d, e, f, &g, h, a, b, &c, w[index &+ 5] &+ k[index &+ 5])
            SHA256.round(c, d, e, &f, g, h, a, &b, w[index &+ 6] &+ k[index &+ 6])
            SHA256.round(b, c, d, &e, f, g, h, &a, w[index &+ 7] &+ k[index &+ 7])
            index &+= 8
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
        state[5] &+= f
        state[6] &+= g
        state[7] &+= h
    }

    /// One round: the new `e` is left in `d`, the new `a` in `h`.
    @inline(__always)
    private static func round(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
        _ h: inout UInt32, _ input: UInt32
    ) {
        let first = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ (g ^ (e & (f ^ g))) &+ input
        d &+= first
        h = first &+ (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ ((a & b) | (c & (a | b)))
    }

    @inline(__always)
    private static func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 {
        (value &>> count) | (value &<< (32 &- count))
    }

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
