/// Finds the start tags of an XML document, one after the other, with their attributes. Enough for reports that keep everything
/// in attributes, as cppcheck's do; no DTD, so no entity but the five of XML itself.
struct XMLTagCursor {
    struct Tag {
        var name: String
        var attributes: [String: String]
    }

    private let bytes: [UInt8]
    private(set) var index = 0
    /// No scanner writes more; what follows in a tag is dropped.
    private static let mostAttributes = 64

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next start tag; nil at the end of the document. Values are kept up to `limit` bytes.
    mutating func next(limit: Int) throws(FindingsError) -> Tag? {
        while let start = position(of: "<", from: index) {
            index = start + 1
            guard index < bytes.count else { throw malformed("a tag does not end") }
            switch bytes[index] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"):
                guard let end = position(of: ">", from: index) else { throw malformed("a tag does not end") }
                index = end + 1
            case UInt8(ascii: "!"):
                // Comments would be harmless; declarations can define entities that explode. No scanner here writes either.
                throw malformed("comments and declarations (<!) are not accepted")
            default: return try startTag(limit)
            }
        }
        index = bytes.count
        return nil
    }

    private mutating func startTag(_ limit: Int) throws(FindingsError) -> Tag {
        var tag = Tag(name: name(), attributes: [:])
        if tag.name.isEmpty { throw malformed("a tag has no name") }
        while true {
            skipSpace()
            guard index < bytes.count else { throw malformed("a tag does not end") }
            if bytes[index] == UInt8(ascii: ">") {
                index += 1
                return tag
            }
            if bytes[index] == UInt8(ascii: "/") {
                index += 1
                continue
            }
            let key = name()
            skipSpace()
            guard !key.isEmpty, index < bytes.count, bytes[index] == UInt8(ascii: "=") else {
                throw malformed("an attribute was expected")
            }
            index += 1
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") else {
                throw malformed("an attribute's value must be quoted")
            }
            let quote = bytes[index]
            guard let end = bytes[(index + 1)...].firstIndex(of: quote) else {
                throw malformed("an attribute's value does not end")
            }
            // An entity has at most ten bytes for each that it stands for.
            if tag.attributes.count < XMLTagCursor.mostAttributes {
                tag.attributes[key] = XMLTagCursor.text(bytes[(index + 1)..<end].prefix(limit * 10), limit)
            }
            index = end + 1
        }
    }

    private mutating func name() -> String {
        let start = index
        while index < bytes.count, !" \t\r\n=/><\"'".utf8.contains(bytes[index]) { index += 1 }
        return boundedText(bytes[start..<index], 64)
    }

    private mutating func skipSpace() {
        while index < bytes.count, " \t\r\n".utf8.contains(bytes[index]) { index += 1 }
    }

    private func position(of character: Unicode.Scalar, from start: Int) -> Int? {
        bytes[start...].firstIndex(of: UInt8(ascii: character))
    }

    private func malformed(_ message: String) -> FindingsError { FindingsError(message, offset: index) }

    /// Attribute text with its entities resolved; an unknown one stays as it is.
    private static func text(_ raw: ArraySlice<UInt8>, _ limit: Int) -> String {
        var decoded: [UInt8] = []
        var rest = raw
        while let byte = rest.popFirst(), decoded.count <= limit {
            guard byte == UInt8(ascii: "&"), let end = rest.prefix(10).firstIndex(of: UInt8(ascii: ";")),
                let scalar = entity(String(decoding: rest[..<end], as: UTF8.self))
            else {
                decoded.append(byte)
                continue
            }
            decoded.append(contentsOf: String(scalar).utf8)
            rest = rest[(end + 1)...]
        }
        return boundedText(decoded, limit)
    }

    private static func entity(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            if name.hasPrefix("#x") { return UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init) }
            if name.hasPrefix("#") { return UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init) }
            return nil
        }
    }
}
