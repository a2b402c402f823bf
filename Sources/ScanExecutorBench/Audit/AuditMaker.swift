import Executor
import Glibc
import SystemSupport

/// Writes an audit of plausible runs into real files with a whole hash chain: what `make bench` measures queries over. The same
/// seed gives the same bytes.
///
///     scan-executor-bench audit --directory DIR --records N
struct AuditMaker {
    private static let rotateBytes = 64 << 20
    private static let begin: Int64 = 1_735_689_600_000  // 2025-01-01
    private static let span: Int64 = 365 * 86_400_000

    private let directory: String
    private let records: Int
    private var random: RandomNumbers

    init(directory: String, records: Int, seed: UInt64 = 1) {
        self.directory = directory
        self.records = records
        random = RandomNumbers(state: seed)
    }

    mutating func write() throws {
        mkdir(directory, 0o700)
        var previous = String(repeating: "0", count: 64)
        var file: OwnedDescriptor?
        var (size, buffer) = (0, [UInt8]())
        for sequence in 1...max(1, records) {
            if file == nil || size >= Self.rotateBytes {
                if let old = file.take() { try flush(old, &buffer) }
                let name = "audit-\(Self.padded(sequence)).jsonl"
                file = try OwnedDescriptor.open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                size = 0
            }
            let line = Array(record(sequence, previous).utf8)
            previous = SHA256.hex(SHA256.digest(line))
            buffer += line
            buffer.append(0x0A)
            size += line.count + 1
            if buffer.count > 1 << 20, let open = file.take() {
                try flush(open, &buffer)
                file = consume open
            }
        }
        if let old = file.take() { try flush(old, &buffer) }
        let head = try OwnedDescriptor.open("\(directory)/head", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        var text = Array("\(Self.padded(max(1, records))) \(previous)\n".utf8)
        try flush(head, &text)
    }

    /// 20 digits, as in the files' names and in the head (docs/audit.md).
    private static func padded(_ sequence: Int) -> String {
        let digits = String(sequence)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    private func flush(_ file: borrowing OwnedDescriptor, _ bytes: inout [UInt8]) throws {
        let number = file.raw
        var done = 0
        while done < bytes.count {
            done += try systemCall("write to", directory) {
                let count = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress! + done, $0.count - done) }
                return count < 0 ? -Int(errno) : count
            }
        }
        bytes.removeAll(keepingCapacity: true)
    }

    private mutating func record(_ sequence: Int, _ previous: String) -> String {
        let time = Self.begin + Int64(Double(Self.span) * Double(sequence - 1) / Double(records))
        let scanner = MadeScanner.choose(random.uniform())
        let (report, target) = scanner.run(at: time, elapsed: Double(sequence) / Double(records), sequence, &random)
        var audit = JSONWriter()
        audit.object { writer in
            writer.string("id", Self.identifier(time, random.next(), random.next()))
            writer.integer("sequence", sequence)
            writer.string("previous", previous)
            writer.string("target", target)
            writer.string("kernel", "6.1.0-31-amd64")
            writer.string("executor_version", "0.2.0")
            writer.string("worker", "scan-host-1:\(sequence % 8)")
        }
        return report.json().dropLast() + ",\"audit\":" + audit.text + "}"
    }

    /// A ULID: 48 bits of time, 80 of chance.
    private static func identifier(_ time: Int64, _ high: UInt64, _ low: UInt64) -> String {
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        var text: [UInt8] = []
        for shift in stride(from: Int64(45), through: 0, by: -5) { text.append(digits[Int(time >> shift & 31)]) }
        for shift in stride(from: UInt64(35), through: 0, by: -5) { text.append(digits[Int(high >> shift & 31)]) }
        for shift in stride(from: UInt64(35), through: 0, by: -5) { text.append(digits[Int(low >> shift & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct RandomNumbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// From 0 to below 1.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A log-normal number: its median, and how many e-folds one standard deviation is. Sizes of source trees are like that, and
    /// so is what scanning them takes.
    mutating func logNormal(median: Double, sigma: Double) -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return median * exp(sigma * radius * cos(2 * .pi * uniform()))
    }
}
