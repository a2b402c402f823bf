import CYaml

/// Reads a YAML text event by event, before anything is built from it, and refuses what would cost more than its own size.
///
/// Anchors and aliases are refused altogether: ten lines of aliases stand for 10^10 nodes ("billion laughs"), and the
/// composer hashes mapping keys through them. A profile has no use for either.
enum YAMLGuard {
    /// Nesting that a profile can need is 4: the mapping, its rules, a rule's conditions, a condition.
    static let depthLimit = 16
    /// libseccomp knows some 500 names; a profile of 20,000 scalars is no profile.
    static let nodeLimit = 20_000

    enum Problem: Error, Equatable {
        /// libyaml's own words, which quote nothing of the text.
        case syntax(line: Int, reason: String)
        case alias(line: Int)
        case tooDeep(line: Int)
        case tooManyNodes
        case severalDocuments(line: Int)
    }

    /// Linear in the size of the text, constant in memory.
    static func check(_ text: [UInt8]) throws(Problem) {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw .syntax(line: 1, reason: "out of memory") }
        defer { yaml_parser_delete(&parser) }
        let result = text.withUnsafeBufferPointer { buffer -> Result<Void, Problem> in
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            do throws(Problem) { return .success(try readEvents(&parser)) } catch { return .failure(error) }
        }
        try result.get()
    }

    private static func readEvents(_ parser: inout yaml_parser_t) throws(Problem) {
        var (depth, nodes, documents) = (0, 0, 0)
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(&parser, &event) == 1 else {
                let reason = parser.problem.map { String(cString: $0) } ?? "not YAML"
                throw .syntax(line: Int(parser.problem_mark.line) + 1, reason: reason)
            }
            defer { yaml_event_delete(&event) }
            let line = Int(event.start_mark.line) + 1
            switch event.type {
            case YAML_STREAM_END_EVENT: return
            case YAML_DOCUMENT_START_EVENT:
                documents += 1
                if documents > 1 { throw .severalDocuments(line: line) }
            case YAML_ALIAS_EVENT: throw .alias(line: line)
            case YAML_SCALAR_EVENT:
                if event.data.scalar.anchor != nil { throw .alias(line: line) }
                nodes += 1
            case YAML_SEQUENCE_START_EVENT:
                if event.data.sequence_start.anchor != nil { throw .alias(line: line) }
                (depth, nodes) = (depth + 1, nodes + 1)
            case YAML_MAPPING_START_EVENT:
                if event.data.mapping_start.anchor != nil { throw .alias(line: line) }
                (depth, nodes) = (depth + 1, nodes + 1)
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: depth -= 1
            default: break
            }
            if depth > depthLimit { throw .tooDeep(line: line) }
            if nodes > nodeLimit { throw .tooManyNodes }
        }
    }
}
