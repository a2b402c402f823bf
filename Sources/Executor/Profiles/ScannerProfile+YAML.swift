import SystemSupport
import Yams

extension ScannerProfile {
    private static let keys = [
        "name", "description", "command", "version", "exit_codes", "report", "limits", "deadlines", "minimum",
        "maximum", "soft_landing",
        "environment", "read_only_paths", "seccomp", "network", "working_directory",
    ]

    /// Decodes a profile. `file` is its path: it is named in errors, its directory stands for `{profile_dir}`.
    ///
    /// Throws every problem of the file at once, each with its line and key.
    public init(yaml bytes: [UInt8], file: String) throws(ProfileError) {
        let root: Node
        do throws(ProfileProblem) {
            guard let node = try YAMLDocument(bytes, kind: "profile").root else {
                throw ProfileProblem("the file is empty; a profile is a mapping with name, command and limits")
            }
            root = node
        } catch {
            throw ProfileError(.malformed, file, [error])
        }
        let problems = ProblemList()
        let directory = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        let profile = ScannerProfile(root, file: file, directory: directory, bytes: bytes, problems)
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
        (self.limits, self.deadlines, limitLines) = limits
        minimum = LimitReader.bounds("minimum", reader)
        maximum = LimitReader.bounds("maximum", reader)
        softLanding = reader.mapping("soft_landing", known: SoftLanding.keys)
            .map { SoftLanding($0, limits.0, limits.1) }
        self.file = file
        self.sha256 = SHA256.hex(SHA256.digest(bytes))
        noteLimitsOutOfBounds(reader)
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

    private static func limits(_ reader: MappingReader) -> (ScannerLimits, Deadlines, [String: Int])? {
        let source = LimitReader(
            limits: reader.mapping(
                "limits", known: LimitReader.limitNames, required: "{cpu: 1, memory: 512MiB, pids: 128}"),
            deadlines: reader.mapping(
                "deadlines", known: LimitReader.deadlineKeys.map(\.name), required: "{wall: 10m}"))
        let stated = source.read(required: [.cpu: "1.5", .memory: "512MiB", .pids: "128", .wall: "10m"])
        let given = stated.values
        guard let cpu = given.cpu, let memory = given.memory, let pids = given.pids, let wall = given.wall else {
            return nil
        }
        let limits = given.applied(to: ScannerLimits(cpu: cpu, memory: memory, pids: pids))
        let deadlines = given.applied(to: Deadlines(wall: wall))
        // A merge drops an impossible memory_high; in one file the two numbers contradict each other.
        var asWritten = limits
        asWritten.memoryHigh = given.memoryHigh
        source.note(LimitOverrides.contradictions(asWritten, deadlines))
        return (limits, deadlines, stated.lines)
    }

    /// A profile whose own limits lie outside of its bounds contradicts itself.
    private func noteLimitsOutOfBounds(_ reader: MappingReader) {
        let limits = EffectiveLimits(self)
        for key in LimitOverrides.Key.allCases {
            let amount = limits.boundedAmount(key)
            if let least = minimum[key], let amount, least.amount.exceeds(amount) {
                reader.note(
                    "minimum.\(key.rawValue)", "\(least.amount) is above \(key.path), which is \(amount)",
                    line: least.line)
            }
            guard let most = maximum[key] else { continue }
            if amount.map({ $0.exceeds(most.amount) }) ?? true {
                reader.note(
                    "maximum.\(key.rawValue)",
                    "\(most.amount) is below \(key.path), which is \(amount.map { "\($0)" } ?? "not limited")",
                    line: most.line)
            }
        }
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
