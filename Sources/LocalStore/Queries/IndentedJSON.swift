/// A line of JSON over several lines, two spaces a level. Nothing is decoded: texts and numbers stay as they were written.
public enum IndentedJSON {
    /// Deeper levels are not indented further.
    private static let deepest = 32

    public static func text(_ line: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(line.count * 2)
        var (depth, index) = (0, 0)
        func newLine() {
            result.append(0x0A)
            result.append(contentsOf: repeatElement(0x20, count: 2 * min(max(0, depth), deepest)))
        }
        while index < line.count {
            let byte = line[index]
            index += 1
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                result.append(byte)
                if index < line.count, line[index] == UInt8(ascii: "}") || line[index] == UInt8(ascii: "]") {
                    result.append(line[index])
                    index += 1
                    continue
                }
                depth += 1
                newLine()
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                newLine()
                result.append(byte)
            case UInt8(ascii: ","):
                result.append(byte)
                newLine()
            case UInt8(ascii: ":"):
                result.append(byte)
                result.append(0x20)
            case UInt8(ascii: "\""):
                let start = index - 1
                while index < line.count, line[index] != UInt8(ascii: "\"") {
                    index += line[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index = min(index + 1, line.count)
                result.append(contentsOf: line[start..<index])
            case 0x20, 0x09, 0x0A, 0x0D: break
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
