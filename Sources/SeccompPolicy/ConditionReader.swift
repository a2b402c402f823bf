import Yams

/// Reads one entry of `args`: `{index: 0, op: masked_eq, mask: 0x7E020000, value: 0}`.
struct ConditionReader {
    let reader: ProfileReader

    func read(_ node: Node) throws(SeccompPolicyError) -> ArgumentCondition {
        guard case .mapping(let mapping) = node else {
            throw reader.error(.invalid, node, "an argument is a mapping with index, op and value")
        }
        try reader.checkKeys(mapping, known: ["index", "op", "mask", "value"])
        let index = try number(mapping, node, "index")
        if index > 5 { throw reader.error(.invalid, node, "index is 0 to 5") }
        let value = try number(mapping, node, "value")
        guard let opNode = mapping["op"] else { throw reader.error(.invalid, node, "an argument without op") }
        let op = try reader.scalar(opNode, "op")
        let masked = op == "masked_eq"
        if masked != (mapping["mask"] != nil) {
            throw reader.error(.invalid, node, "mask belongs to masked_eq, and masked_eq needs one")
        }

        if op == "eq32" {
            if value > UInt32.max { throw reader.error(.invalid, node, "eq32 compares 32 bits") }
            return ArgumentCondition(
                index: Int(index), comparison: .maskedEqual, mask: UInt64(UInt32.max), value: value)
        }
        guard let comparison = ArgumentCondition.Comparison(rawValue: op) else {
            let known = (["eq32"] + ArgumentCondition.Comparison.allCases.map(\.rawValue)).joined(separator: ", ")
            throw reader.error(.invalid, opNode, "unknown op \(Quoted.text(op)); known are \(known)")
        }
        let mask = masked ? try number(mapping, node, "mask") : UInt64.max
        if value & ~mask != 0 {
            throw reader.error(.invalid, node, "value has bits outside of mask and can never match")
        }
        return ArgumentCondition(index: Int(index), comparison: comparison, mask: mask, value: value)
    }

    /// An unsigned number of 64 bits, decimal or with 0x.
    private func number(_ mapping: Node.Mapping, _ node: Node, _ key: String) throws(SeccompPolicyError) -> UInt64 {
        guard let found = mapping[Node(key)] else { throw reader.error(.invalid, node, "an argument without \(key)") }
        let text = try reader.scalar(found, key)
        let isHex = text.hasPrefix("0x")
        let digits = isHex ? text.dropFirst(2) : text[...]
        // UInt64(_:radix:) would take a sign.
        guard digits.first?.isHexDigit == true, let number = UInt64(digits, radix: isHex ? 16 : 10) else {
            throw reader.error(.invalid, found, "\(key) \(Quoted.text(text)): a number from 0 to 2^64-1, decimal or 0x")
        }
        return number
    }
}
