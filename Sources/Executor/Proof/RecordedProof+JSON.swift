import SystemSupport

extension RecordedProof {
    private static let lastMember = Array(",\"proof\":".utf8)

    /// The whole file. `proof` is written as it is hashed.
    var text: String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.string("schema", "scan-executor/recorded-proof/1")
            writer.string("sha256", sha256)
            writer.string("boot_id", bootID)
            writer.string("proved_at", provedAt)
            writer.string("probe", probePath)
            writer.string("probe_identity", probeIdentity)
        }
        return writer.text.dropLast() + ",\"proof\":" + proof.canonical + "}\n"
    }

    /// Nil for what is no such file, or whose hash is not that of its content.
    init?(_ bytes: [UInt8]) {
        // No value before it can hold these bytes: quotes in strings are escaped.
        guard let start = Self.start(in: bytes), bytes.suffix(2) == Array("}\n".utf8)[...] else { return nil }
        let content = Array(bytes[start..<(bytes.count - 2)])
        var fields: [String: String] = [:]
        var proof: Proof?
        do throws(FindingsError) {
            var cursor = JSONCursor(bytes)
            try cursor.object { (cursor, key) throws(FindingsError) in
                if key == "proof" {
                    proof = try Proof(&cursor)
                } else {
                    fields[key] = try cursor.string(limit: 4096)
                }
            }
        } catch { return nil }
        guard let proof, let sha256 = fields["sha256"], sha256 == SHA256.hex(SHA256.digest(content)),
            // What was read is what was hashed: no member twice, none that we do not know.
            Array(proof.canonical.utf8) == content
        else { return nil }
        self.proof = proof
        self.sha256 = sha256
        bootID = fields["boot_id"] ?? ""
        provedAt = fields["proved_at"] ?? ""
        probePath = fields["probe"] ?? ""
        probeIdentity = fields["probe_identity"] ?? ""
    }

    private static func start(in bytes: [UInt8]) -> Int? {
        guard bytes.count > lastMember.count + 2 else { return nil }
        let last = bytes.count - lastMember.count
        return (0...last).first { bytes[$0..<($0 + lastMember.count)].elementsEqual(lastMember) }
            .map { $0 + lastMember.count }
    }
}

extension Proof {
    /// Reads what ``canonical`` writes. What is missing is empty, and so has another hash.
    init(_ cursor: inout JSONCursor) throws(FindingsError) {
        facts = ProofFacts(
            kernel: "", architecture: "", executorVersion: "", landlockABI: nil, filterSHA256: "",
            networkFilterSHA256: "", probeSHA256: "",
            controllers: [])
        results = []
        var facts = facts
        var results = results
        try cursor.object { (cursor, key) throws(FindingsError) in
            switch key {
            case "host": facts = try ProofFacts(&cursor)
            case "attacks":
                try cursor.array { (cursor) throws(FindingsError) in results.append(try AttackResult(&cursor)) }
            default: try cursor.skip()
            }
        }
        self.facts = facts
        self.results = results
    }
}

extension ProofFacts {
    fileprivate init(_ cursor: inout JSONCursor) throws(FindingsError) {
        var texts: [String: String] = [:]
        var abi: Int?
        var controllers: [String] = []
        try cursor.object { (cursor, key) throws(FindingsError) in
            switch key {
            case "landlock_abi": abi = try cursor.integer()
            case "controllers":
                try cursor.array { (cursor) throws(FindingsError) in
                    if let name = try cursor.string(limit: 64) { controllers.append(name) }
                }
            default: texts[key] = try cursor.string(limit: 256)
            }
        }
        self.init(
            kernel: texts["kernel"] ?? "", architecture: texts["architecture"] ?? "",
            executorVersion: texts["executor_version"] ?? "", landlockABI: abi,
            filterSHA256: texts["filter_sha256"] ?? "",
            networkFilterSHA256: texts["network_filter_sha256"] ?? "", probeSHA256: texts["probe_sha256"] ?? "",
            controllers: controllers)
    }
}

extension AttackResult {
    fileprivate init(_ cursor: inout JSONCursor) throws(FindingsError) {
        var texts: [String: String] = [:]
        var control: Bool?
        try cursor.object { (cursor, key) throws(FindingsError) in
            if key == "control" {
                control = try cursor.boolean()
            } else {
                texts[key] = try cursor.string(limit: 4096)
            }
        }
        let name = texts["name"] ?? ""
        let known = Attack.catalogue.first { $0.name == name }
        self.init(
            name: name, family: Attack.Family(rawValue: texts["family"] ?? "") ?? .resources,
            guarantee: known?.guarantee ?? "", outcome: Outcome(rawValue: texts["outcome"] ?? "") ?? .failed,
            reason: texts["reason"], controlHolds: control ?? false, observed: "")
    }
}
