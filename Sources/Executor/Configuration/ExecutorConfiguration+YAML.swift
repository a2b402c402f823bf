import SystemSupport
import Yams

extension ExecutorConfiguration {
    private static let keys = [
        "enforcement", "cgroup_root", "state_directory", "first_uid", "profiles", "seccomp_profiles", "scanner_path",
        "require_proof", "audit", "caps", "scanners",
    ]

    /// Decodes a configuration; `file` is named in errors. A file of nothing but comments configures nothing.
    ///
    /// Throws every problem of the file at once, each with its line and key: those of single values, and caps that do not fit
    /// each other. How it fits the profiles is ``LimitLadder``'s to say.
    public init(yaml bytes: [UInt8], file: String) throws(ConfigurationError) {
        self.init(file: file)
        let root: Node?
        do throws(ProfileProblem) {
            root = try YAMLDocument(bytes, kind: "configuration").root
        } catch {
            throw ConfigurationError(file, [error])
        }
        guard let root else { return }
        let problems = ProblemList()
        if let reader = MappingReader(root, at: "", known: Self.keys, problems: problems) {
            readHost(reader)
            audit = Self.audit(reader)
            caps = Self.caps(reader)
            readScanners(reader)
            noteCapsThatDoNotFit(problems)
        }
        if !problems.problems.isEmpty { throw ConfigurationError(file, problems.sorted, readable: self) }
    }

    private mutating func readHost(_ reader: MappingReader) {
        enforcement = Self.value("enforcement", reader) { text throws(ValueProblem) in
            if let mode = HostSettings.EnforcementMode(rawValue: text) { return mode }
            throw ValueProblem("\(ValueProblem.quoted(text)) is neither require nor best-effort")
        }
        cgroupRoot = Self.path("cgroup_root", reader)
        stateDirectory = Self.path("state_directory", reader)
        firstUID = Self.value("first_uid", reader) { text throws(ValueProblem) in
            UInt32(try LimitValues.count(text, HostSettings.firstUIDs))
        }
        profiles = Self.path("profiles", reader)
        seccompProfiles = Self.path("seccomp_profiles", reader)
        requireProof = Self.flag("require_proof", reader)
        if reader.has("scanner_path"), let paths = reader.texts("scanner_path", required: "[/opt/scanners/bin]") {
            var found: [String] = []
            for (text, line) in paths {
                let path = reader.convert("scanner_path", line: line) { () throws(ValueProblem) in
                    try Self.absolute(text)
                }
                if let path { found.append(path) }
            }
            scannerPath = Stated(found, line: reader.line(of: "scanner_path"))
        }
    }

    private static func audit(_ reader: MappingReader) -> Audit {
        var audit = Audit()
        guard let reader = reader.mapping("audit", known: ["enabled", "directory", "rotate_bytes", "sync"]) else {
            return audit
        }
        audit.enabled = flag("enabled", reader)
        audit.directory = path("directory", reader)
        audit.rotateBytes = value("rotate_bytes", reader) { text throws(ValueProblem) in
            try LimitValues.bytes(text, AuditSettings.leastRotateBytes ... .greatest)
        }
        audit.sync = flag("sync", reader)
        return audit
    }

    private static func caps(_ reader: MappingReader) -> StatedCaps {
        var caps = StatedCaps()
        let keys = AggregateCaps.Key.allCases
        guard let reader = reader.mapping("caps", known: keys.map(\.rawValue)) else { return caps }
        for key in keys where reader.has(key.rawValue) {
            guard let text = reader.text(key.rawValue) else { continue }
            var value = LimitOverrides()
            // The same units and ranges as for one run's limit.
            _ = reader.convert(key.rawValue) { () throws(ValueProblem) in try value.set(key.limit, to: text) }
            caps.lines[key] = reader.line(of: key.rawValue)
            switch key {
            case .cpu: caps.values.cpu = value.cpu
            case .memory: caps.values.memory = value.memory
            case .swap: caps.values.swap = value.swap
            case .pids: caps.values.pids = value.pids
            }
        }
        return caps
    }

    private mutating func readScanners(_ reader: MappingReader) {
        guard let node = reader.node("scanners") else { return }
        guard let mapping = node.mapping else {
            reader.note(
                "scanners", "expected a mapping, such as {bandit: {limits: {memory: 1GiB}}}", line: node.mark?.line)
            return
        }
        for (key, value) in mapping {
            let line = key.mark?.line
            guard let name = key.scalar?.string, ScannerProfile.isName(name) else {
                let shown = ValueProblem.quoted(key.scalar?.string ?? "")
                reader.note(
                    "scanners", "\(shown) is no scanner's name: lower-case letters, digits, - and _, at most 64",
                    line: line)
                continue
            }
            guard
                let reader = MappingReader(
                    value, at: "scanners.\(name)", known: ["limits", "deadlines", "maximum", "caps", "soft_landing"],
                    problems: reader.problems)
            else { continue }
            var scanner = Scanner()
            scanner.line = line
            scanner.limits = LimitReader(
                limits: reader.mapping("limits", known: LimitReader.limitNames),
                deadlines: reader.mapping("deadlines", known: LimitReader.deadlineKeys.map(\.name))
            ).read()
            scanner.maximum = LimitReader.bounds("maximum", reader)
            scanner.caps = Self.caps(reader)
            scanner.softLanding = reader.mapping("soft_landing", known: SoftLanding.keys).map {
                Stated(SoftLanding($0), line: reader.line(of: "soft_landing"))
            }
            scanners[name] = scanner
        }
    }
}

extension ExecutorConfiguration {
    private static func value<Value>(
        _ key: String, _ reader: MappingReader, _ convert: (String) throws(ValueProblem) -> Value
    ) -> Stated<Value>? {
        guard reader.has(key), let text = reader.text(key) else { return nil }
        return reader.convert(key) { () throws(ValueProblem) in try convert(text) }.map {
            Stated($0, line: reader.line(of: key))
        }
    }

    private static func flag(_ key: String, _ reader: MappingReader) -> Stated<Bool>? {
        value(key, reader) { text throws(ValueProblem) in try LimitValues.flag(text) }
    }

    private static func path(_ key: String, _ reader: MappingReader) -> Stated<String>? {
        value(key, reader) { text throws(ValueProblem) in try absolute(text) }
    }

    private static func absolute(_ text: String) throws(ValueProblem) -> String {
        if SandboxPath.isNormalAbsolute(text) { return text }
        throw ValueProblem("\(ValueProblem.quoted(text)) must be an absolute path without . or .. or a final /")
    }
}
