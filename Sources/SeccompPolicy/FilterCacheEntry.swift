import SystemSupport

/// The bytes of one cached filter: a header of text lines, an empty line, the program, and SHA-256 of all before it.
///
///     scan-executor-filter 1
///     name default
///     sha256 1f0c...
///     include 9a5e... base.yaml
///     bpf 2304
struct FilterCacheEntry: Equatable {
    var name: String
    var sha256: String
    var includes: [ProfileLoader.Include]
    var bpf: [UInt8]

    private static let magic = "scan-executor-filter 1"

    init(name: String, sha256: String, includes: [ProfileLoader.Include], bpf: [UInt8]) {
        self.name = name
        self.sha256 = sha256
        self.includes = includes
        self.bpf = bpf
    }

    /// Nil for anything but what ``bytes`` makes.
    init?(bytes: [UInt8]) {
        let body = bytes.dropLast(SHA256.byteCount)
        guard bytes.count > SHA256.byteCount, SHA256.digest(body) == Array(bytes.suffix(SHA256.byteCount)) else {
            return nil
        }
        var rest = body
        var header: [String] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            header.append(line)
        }
        guard header.first == FilterCacheEntry.magic, header.count >= 4 else { return nil }
        guard let name = FilterCacheEntry.value(header[1], "name"),
            let sha256 = FilterCacheEntry.value(header[2], "sha256"),
            let size = FilterCacheEntry.value(header[header.count - 1], "bpf"), Int(size) == rest.count,
            BPFProgram(bytes: Array(rest)) != nil
        else { return nil }
        var includes: [ProfileLoader.Include] = []
        for line in header[3..<(header.count - 1)] {
            guard let value = FilterCacheEntry.value(line, "include") else { return nil }
            let parts = value.split(separator: " ", maxSplits: 1)
            if parts.count != 2 { return nil }
            includes.append(ProfileLoader.Include(path: String(parts[1]), sha256: String(parts[0])))
        }
        self.init(name: name, sha256: sha256, includes: includes, bpf: Array(rest))
    }

    var bytes: [UInt8] {
        var header = [FilterCacheEntry.magic, "name \(name)", "sha256 \(sha256)"]
        for include in includes { header.append("include \(include.sha256) \(include.path)") }
        header.append("bpf \(bpf.count)")
        let body = Array((header.joined(separator: "\n") + "\n\n").utf8) + bpf
        return body + SHA256.digest(body)
    }

    private static func value(_ line: String, _ key: String) -> String? {
        line.hasPrefix(key + " ") ? String(line.dropFirst(key.count + 1)) : nil
    }
}
