import SystemSupport
import Yams

extension ScannerProfile {
    private static let keys = [
        "name", "description", "command", "version", "exit_codes", "report", "limits", "deadlines", "soft_landing",
        "environment", "read_only_paths", "seccomp", "network", "working_directory",
    ]

    /// Decodes a profile. `file` is its path: it is named in errors, its directory stands for `{profile_dir}`.
    ///
    /// Throws every problem of the file at once, each with its line and key.
    public init(yaml bytes: [UInt8], file: String) throws(ProfileError) {
        let document: ProfileDocument
        do throws(ProfileProblem) {
            document = try ProfileDocument(bytes)
        } catch {
            throw ProfileError(.malformed, file, [error])
        }
        let problems = ProblemList()
        let directory = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        let profile = ScannerProfile(document.root, file: file, directory: directory, bytes: bytes, problems)
        guard let profile, problems.problems.isEmpty else { throw ProfileError(.invalid, file, problems.sorted) }
        self = profile
    }

    /// Nil where a mandatory part is missing or wrong; `problems` then has the reason.
    private init?(_ root: Node, file: String, directory: String, bytes: [UInt8], _ problems: ProblemList) {
        guard let reader = MappingReader(root, at: "", known: ScannerProfile.keys, problems: problems) else {
            return nil
        }
        let name = ScannerProfile.name(reader)
        let command = ScannerProfile.command("command", reader, required: "[bandit, -r, \"{target}\"]")
        let exitCodes = reader.mapping(
            "exit_codes", known: ExitCodeTable.Meaning.allCases.map(\.rawValue), required: "{clean: [0], findings: [1]}"
        ).flatMap { ExitCodeTable($0) }
        let limits = ScannerProfile.limits(reader)
        summary = reader.has("description") ? reader.text("description") : nil
        version = ScannerProfile.command("version", reader, required: nil)
        report = ScannerProfile.report(reader)
        environment = ScannerProfile.environment(reader)
        readOnlyPaths = ScannerProfile.readOnlyPaths(reader, directory: directory)
        seccomp = ScannerProfile.seccomp(reader)
        network = ScannerProfile.network(reader)
        workingDirectory = ScannerProfile.workingDirectory(reader)
        guard let name, let command, let exitCodes, let limits else { return nil }
        self.name = name
        self.command = command
        self.exitCodes = exitCodes
        (self.limits, self.deadlines, statedLimits) = limits
        softLanding = reader.mapping("soft_landing", known: SoftLanding.keys)
            .flatMap { SoftLanding($0, limits.0, limits.1) }
        self.file = file
        self.sha256 = SHA256.hex(SHA256.digest(bytes))
    }

    private static func name(_ reader: MappingReader) -> String? {
        guard let name = reader.text("name", required: "bandit") else { return nil }
        if isName(name) { return name }
        reader.note(
            "name", "\(ValueProblem.quoted(name)) is no profile name: lower-case letters, digits, - and _, at most 64")
        return nil
    }

    private static func command(_ key: String, _ reader: MappingReader, required example: String?) -> CommandTemplate? {
        guard let words = reader.texts(key, required: example) else { return nil }
        return reader.convert(key) { () throws(ValueProblem) in try CommandTemplate(words.map(\.text)) }
    }

    private static func report(_ reader: MappingReader) -> Report? {
        guard let report = reader.mapping("report", known: ["path", "format"]) else { return nil }
        let path = report.text("path", required: "report.json")
        let format = report.text("format", required: "sarif")
        guard let path, let format else { return nil }
        if !SandboxPath.isNormalRelative(path) {
            report.note(
                "path",
                "\(ValueProblem.quoted(path)) must be a file below the output directory: relative, without . or ..")
        }
        guard let known = FindingsFormat(rawValue: format) else {
            let names = FindingsFormat.allCases.map(\.rawValue).joined(separator: ", ")
            report.note("format", "\(ValueProblem.quoted(format)) is no known format; there are \(names)")
            return nil
        }
        return Report(path: path, format: known)
    }

    private static func limits(_ reader: MappingReader) -> (ScannerLimits, Deadlines, Set<LimitOverrides.Key>)? {
        let limitKeys = LimitOverrides.Key.allCases.filter { !$0.isDeadline }
        let limits = reader.mapping(
            "limits", known: limitKeys.map(\.rawValue) + ["oom_group", "io"],
            required: "{cpu: 1, memory: 512MiB, pids: 128}")
        let deadlines = reader.mapping("deadlines", known: ["wall", "cpu", "grace"], required: "{wall: 10m}")
        var given = LimitOverrides()
        var values: [(LimitOverrides.Key, MappingReader, String, String?)] = []
        let examples: [LimitOverrides.Key: String] = [.cpu: "1.5", .memory: "512MiB", .pids: "128", .wall: "10m"]
        for key in limitKeys { if let limits { values.append((key, limits, key.rawValue, examples[key])) } }
        for (key, name) in [(.wall, "wall"), (.cpuTime, "cpu"), (.grace, "grace")] as [(LimitOverrides.Key, String)] {
            if let deadlines { values.append((key, deadlines, name, examples[key])) }
        }
        for (key, reader, name, example) in values {
            guard reader.has(name) || example != nil, let text = reader.text(name, required: example) else { continue }
            _ = reader.convert(name) { () throws(ValueProblem) in try given.set(key, to: text) }
        }
        given.io = limits.map { io($0) }
        guard let cpu = given.cpu, let memory = given.memory, let pids = given.pids, let wall = given.wall else {
            return nil
        }
        var result = (
            given.applied(to: ScannerLimits(cpu: cpu, memory: memory, pids: pids)),
            given.applied(to: Deadlines(wall: wall)), Set(values.filter { $0.1.has($0.2) }.map(\.0))
        )
        if let limits, limits.has("oom_group"), let text = limits.text("oom_group") {
            result.0.oomGroup =
                limits.convert("oom_group") { () throws(ValueProblem) in try LimitValues.flag(text) } ?? true
        }
        // A merge drops an impossible memory_high; in one file the two numbers contradict each other.
        var asWritten = result.0
        asWritten.memoryHigh = given.memoryHigh
        for (key, message) in LimitOverrides.contradictions(asWritten, result.1) {
            (key.isDeadline ? deadlines : limits)?.note(key.rawValue, message)
        }
        return result
    }

    /// `io` is one mapping, or a list of them with a device each.
    private static func io(_ limits: MappingReader) -> [IOLimit] {
        guard let node = limits.node("io") else { return [] }
        let entries = node.sequence.map { Array($0) } ?? [node]
        var found: [IOLimit] = []
        for entry in entries {
            guard
                let reader = MappingReader(
                    entry, at: limits.path("io"),
                    known: ["device", "read", "write", "read_operations", "write_operations"],
                    problems: limits.problems)
            else { continue }
            var limit = IOLimit()
            if let text = reader.has("device") ? reader.text("device") : nil {
                limit.device =
                    reader.convert("device") { () throws(ValueProblem) in try IOLimit.Device(parsing: text) } ?? .target
            }
            let bytes = { (key: String) -> ByteCount? in
                guard reader.has(key), let text = reader.text(key) else { return nil }
                return reader.convert(key) { () throws(ValueProblem) in try LimitValues.byteRate(text) }
            }
            let operations = { (key: String) -> Int? in
                guard reader.has(key), let text = reader.text(key) else { return nil }
                return reader.convert(key) { () throws(ValueProblem) in try LimitValues.operationRate(text) }
            }
            (limit.readBytes, limit.writeBytes) = (bytes("read"), bytes("write"))
            (limit.readOperations, limit.writeOperations) = (
                operations("read_operations"), operations("write_operations")
            )
            if limit == IOLimit(device: limit.device) {
                limits.note(
                    "io", "limits nothing; give read, write, read_operations or write_operations",
                    line: entry.mark?.line)
            }
            if found.contains(where: { $0.device == limit.device }) {
                limits.note("io", "device \(limit.device) is given more than once", line: entry.mark?.line)
            }
            found.append(limit)
        }
        return found
    }

    private static func environment(_ reader: MappingReader) -> [String: String] {
        guard let node = reader.node("environment") else { return [:] }
        guard let mapping = node.mapping else {
            reader.note("environment", "expected a mapping, such as {LANG: C.UTF-8}", line: node.mark?.line)
            return [:]
        }
        var variables: [String: String] = [:]
        for (key, value) in mapping {
            let line = key.mark?.line
            guard let name = key.scalar?.string, isVariableName(name) else {
                reader.note(
                    "environment",
                    "\(ValueProblem.quoted(key.scalar?.string ?? "")) is no variable name: letters, digits and _, no digit first",
                    line: line)
                continue
            }
            // An empty value is a value here; a list is not.
            guard let text = value.scalar?.string else {
                reader.note("environment.\(name)", "expected one value", line: line)
                continue
            }
            variables[name] = text
        }
        return variables
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            name.utf8.count <= 255
        else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// Each entry is a path, the same on both sides, or `{host: PATH, sandbox: PATH}`.
    private static func readOnlyPaths(_ reader: MappingReader, directory: String) -> [ReadOnlyPath] {
        guard let node = reader.node("read_only_paths") else { return [] }
        guard let sequence = node.sequence else {
            reader.note("read_only_paths", "expected a list, such as [/opt/scanner]", line: node.mark?.line)
            return []
        }
        var paths: [ReadOnlyPath] = []
        for item in sequence {
            let host: String
            let sandbox: String
            if let text = MappingReader.text(of: item) {
                (host, sandbox) = (text, text)
            } else {
                guard
                    let entry = MappingReader(
                        item, at: "read_only_paths", known: ["host", "sandbox"], problems: reader.problems),
                    let from = entry.text("host", required: "/opt/rules"),
                    let to = entry.text("sandbox", required: "/opt/rules")
                else { continue }
                (host, sandbox) = (from, to)
            }
            let placeholder = "{profile_dir}"
            let resolved = host.hasPrefix(placeholder) ? directory + host.dropFirst(placeholder.count) : host
            let path = reader.convert("read_only_paths", line: item.mark?.line) { () throws(ValueProblem) in
                try ReadOnlyPath(host: resolved, sandbox: sandbox)
            }
            if let path {
                if paths.contains(where: { $0.sandbox == path.sandbox }) {
                    reader.note("read_only_paths", "\(path.sandbox) is given more than once", line: item.mark?.line)
                }
                paths.append(path)
            }
        }
        return paths
    }

    private static func seccomp(_ reader: MappingReader) -> String {
        guard reader.has("seccomp"), let name = reader.text("seccomp") else { return "default" }
        if !isName(name) {
            reader.note("seccomp", "\(ValueProblem.quoted(name)) is no name of a seccomp profile, such as default")
        }
        return name
    }

    private static func network(_ reader: MappingReader) -> Network {
        guard reader.has("network"), let text = reader.text("network") else { return .none }
        if let network = Network(rawValue: text) { return network }
        reader.note(
            "network",
            "\(ValueProblem.quoted(text)) is none of \(Network.allCases.map(\.rawValue).joined(separator: ", "))")
        return .none
    }

    private static func workingDirectory(_ reader: MappingReader) -> String {
        guard reader.has("working_directory"), let path = reader.text("working_directory") else {
            return SandboxPath.target
        }
        let places = [SandboxPath.target, SandboxPath.output, SandboxPath.temporary]
        if !SandboxPath.isNormalAbsolute(path) || !places.contains(where: { SandboxPath.isSameOrBelow(path, $0) }) {
            reader.note(
                "working_directory", "\(ValueProblem.quoted(path)) must lie in \(places.joined(separator: ", "))")
        }
        return path
    }
}
