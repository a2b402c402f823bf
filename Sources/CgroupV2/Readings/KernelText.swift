/// The formats of cgroup2 files (Documentation/admin-guide/cgroup-v2.rst, "Format").
///
/// Every line the kernel writes ends in a newline. A last line without one was cut off, and a number cut short still
/// looks like a number, so it does not count. What is malformed is absent, never zero.
enum KernelText {
    /// The lines that end in a newline.
    static func lines(of text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().filter { !$0.isEmpty }
    }

    /// A file of one number; nil for `max`, for anything malformed, and for what does not fit.
    static func single(_ text: String) -> UInt64? {
        let lines = lines(of: text)
        return lines.count == 1 ? number(lines[0]) : nil
    }

    /// "Flat keyed": `KEY VALUE` a line. The first of two equal keys counts; values that are no number are left out.
    static func flatKeyed(_ text: String) -> [String: UInt64] {
        var values: [String: UInt64] = [:]
        for line in lines(of: text) {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count == 2, !fields[0].isEmpty, let value = number(fields[1]) else { continue }
            let key = String(fields[0])
            if values[key] == nil { values[key] = value }
        }
        return values
    }

    /// "Nested keyed": `KEY SUB=VALUE SUB=VALUE` a line, values as text.
    static func nestedKeyed(_ text: String) -> [(key: Substring, values: [Substring: Substring])] {
        lines(of: text).compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard let key = fields.first, !key.contains("=") else { return nil }
            var values: [Substring: Substring] = [:]
            for field in fields.dropFirst() {
                guard let equals = field.firstIndex(of: "=") else { continue }
                let name = field[..<equals]
                if values[name] == nil { values[name] = field[field.index(after: equals)...] }
            }
            return (key, values)
        }
    }

    /// Plain decimal digits that fit in 64 bits: no sign, which `UInt64.init` would take.
    static func number(_ text: some StringProtocol) -> UInt64? {
        guard let first = text.utf8.first, (48...57).contains(first) else { return nil }
        return UInt64(text)
    }
}
