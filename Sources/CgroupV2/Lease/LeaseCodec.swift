/// The lease as text: `key=value` lines, percent-encoded. Whoever can write to a leaf can write anything here, so
/// reading is bounded and refuses by returning nil.
package enum LeaseCodec {
    /// A bound that every honest lease keeps, below the kernel's 64 KiB for an attribute.
    static let limit = 4096

    /// Throws `invalidName` for a lease over 4 KiB.
    static func encode(_ lease: Lease) throws(CgroupError) -> [UInt8] {
        let text = text(lease)
        if text.utf8.count > limit {
            throw CgroupError(
                .invalidName, "write the lease of task", "\(lease.task.prefix(40))…",
                advice: "worker and task names together are over \(limit) bytes; shorten them")
        }
        return Array(text.utf8)
    }

    /// How many bytes are left for more notes; below zero where the lease is too long.
    package static func room(in lease: Lease) -> Int { limit - text(lease).utf8.count }

    private static func text(_ lease: Lease) -> String {
        var text = "v=1\nworker=\(escaped(lease.worker.id))\nboot=\(escaped(lease.worker.bootID))\n"
        text += "pid=\(lease.worker.pid)\nstart=\(lease.worker.startTime)\n"
        if let deadline = lease.deadlineUnixMilliseconds { text += "deadline_ms=\(deadline)\n" }
        for (name, value) in lease.notes.sorted(by: { $0.key < $1.key }) where isNote(name) {
            text += "\(notePrefix)\(name)=\(escaped(value))\n"
        }
        // A required key is last, so that text cut off anywhere is no lease.
        text += "task=\(escaped(lease.task))\nattempt=\(lease.attempt)\n"
        return text
    }

    /// Nil for anything that is not a whole lease of version 1. Unknown keys are ignored, so that a later version may
    /// add some.
    static func decode(_ bytes: [UInt8]) -> Lease? {
        guard bytes.count <= limit, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var values: [Substring: Substring] = [:]
        for line in KernelText.lines(of: text) {
            guard let equals = line.firstIndex(of: "=") else { return nil }
            let key = line[..<equals]
            if values.updateValue(line[line.index(after: equals)...], forKey: key) != nil { return nil }
        }
        guard values["v"] == "1", let id = values["worker"].flatMap(unescaped),
            let boot = values["boot"].flatMap(unescaped),
            let task = values["task"].flatMap(unescaped), let pid = values["pid"].flatMap({ Int32($0) }), pid > 0,
            let start = values["start"].flatMap({ KernelText.number($0) }),
            let attempt = values["attempt"].flatMap({ UInt32($0) })
        else { return nil }
        let deadline = values["deadline_ms"].map { Int64($0) }
        if case .some(.none) = deadline { return nil }
        var lease = Lease(
            worker: WorkerIdentity(id: id, bootID: boot, pid: pid, startTime: start), task: task, attempt: attempt,
            deadlineUnixMilliseconds: deadline ?? nil)
        for (key, value) in values where key.hasPrefix(notePrefix) {
            guard let value = unescaped(value) else { return nil }
            lease.notes[String(key.dropFirst(notePrefix.count))] = value
        }
        return lease
    }

    /// Keys of notes. Versions that know none of them pass them over.
    private static let notePrefix = "run."

    private static func isNote(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") }
    }

    /// How many bytes of the lease a note takes.
    package static func size(ofNote name: String, _ value: String) -> Int {
        notePrefix.utf8.count + name.utf8.count + escaped(value).utf8.count + 2
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "=") {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte != UInt8(ascii: "%") {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
