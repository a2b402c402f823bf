import Yams

/// Turns the text of one profile into a ``ProfileDocument``. The format is described at the head of `deploy/seccomp/default.yaml`.
struct ProfileReader {
    let file: String

    func read(_ bytes: [UInt8]) throws(SeccompPolicyError) -> ProfileDocument {
        let root = try parse(bytes)
        guard case .mapping(let mapping) = root else {
            throw error(.invalid, root, "a profile is a mapping with the key rules")
        }
        try checkKeys(mapping, known: ["name", "include", "architectures", "default", "newer", "rules"])
        var document = ProfileDocument()
        if let node = mapping["name"] { document.name = try name(node) }
        for node in try list(mapping["include"], "include") {
            document.includes.append((try includePath(node), position(node)))
        }
        for node in try list(mapping["architectures"], "architectures") { try checkArchitecture(node) }
        if let node = mapping["default"] { document.defaultAction = (try action(node), position(node)) }
        if let node = mapping["newer"] { document.newerAction = (try action(node), position(node)) }
        for node in try list(mapping["rules"], "rules") { document.rules.append(try rule(node)) }
        return document
    }

    private func parse(_ bytes: [UInt8]) throws(SeccompPolicyError) -> Node {
        do throws(YAMLGuard.Problem) {
            try YAMLGuard.check(bytes)
        } catch {
            throw describe(error)
        }
        // The composer never sees an alias, more nodes or deeper nesting than the guard let through. What it can still refuse
        // are repeated keys. Its messages quote the text raw, so none is passed on.
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SeccompPolicyError(.malformed, SourcePosition(file: file), "not UTF-8")
        }
        do {
            if let root = try Yams.compose(yaml: text) { return root }
        } catch YamlError.duplicatedKeysInMapping(_, let context) {
            throw SeccompPolicyError(
                .invalid, SourcePosition(file: file, line: context.mark.line), "a key is there twice")
        } catch {
            throw SeccompPolicyError(.malformed, SourcePosition(file: file), "not YAML")
        }
        throw SeccompPolicyError(.malformed, SourcePosition(file: file), "the profile is empty")
    }

    private func describe(_ problem: YAMLGuard.Problem) -> SeccompPolicyError {
        switch problem {
        case .syntax(let line, let reason):
            SeccompPolicyError(.malformed, SourcePosition(file: file, line: line), "not YAML: \(reason)")
        case .alias(let line):
            SeccompPolicyError(
                .malformed, SourcePosition(file: file, line: line), "anchors and aliases are not allowed in a profile")
        case .tooDeep(let line):
            SeccompPolicyError(
                .malformed, SourcePosition(file: file, line: line), "nested deeper than \(YAMLGuard.depthLimit) levels")
        case .tooManyNodes:
            SeccompPolicyError(.tooLarge, SourcePosition(file: file), "more than \(YAMLGuard.nodeLimit) values")
        case .severalDocuments(let line):
            SeccompPolicyError(.malformed, SourcePosition(file: file, line: line), "a second YAML document")
        }
    }

    private func rule(_ node: Node) throws(SeccompPolicyError) -> SeccompRule {
        guard case .mapping(let mapping) = node else {
            throw error(.invalid, node, "a rule is a mapping with action and syscalls")
        }
        try checkKeys(mapping, known: ["action", "syscalls", "optional_syscalls", "args"])
        guard let actionNode = mapping["action"] else { throw error(.invalid, node, "a rule without action") }
        var rule = SeccompRule(action: try action(actionNode), syscalls: [], conditions: [], position: position(node))
        for node in try list(mapping["syscalls"], "syscalls") { rule.syscalls.append(try syscall(node)) }
        for node in try list(mapping["optional_syscalls"], "optional_syscalls") {
            let name = try scalar(node, "a system call")
            if let number = try? SyscallName.number(for: name) {
                rule.syscalls.append(NamedSyscall(name: name, number: number))
            }
        }
        if mapping["syscalls"] == nil && mapping["optional_syscalls"] == nil {
            throw error(.invalid, node, "a rule without syscalls")
        }
        for node in try list(mapping["args"], "args") {
            let condition = try ConditionReader(reader: self).read(node)
            if rule.conditions.contains(where: { $0.index == condition.index }) {
                throw error(.invalid, node, "argument \(condition.index) has two conditions in one rule")
            }
            rule.conditions.append(condition)
        }
        rule.conditions.sort()
        return rule
    }

    private func syscall(_ node: Node) throws(SeccompPolicyError) -> NamedSyscall {
        let name = try scalar(node, "a system call")
        do throws(SyscallName.Unknown) {
            return NamedSyscall(name: name, number: try SyscallName.number(for: name))
        } catch {
            let why =
                switch error {
                case .everywhere: "unknown system call \(Quoted.text(name)) (libseccomp \(SyscallName.libraryVersion))"
                case .here: "system call \(Quoted.text(name)) does not exist on \(SyscallName.nativeArchitecture)"
                }
            throw self.error(.invalid, node, why + "; optional_syscalls takes names that not every system has")
        }
    }

    private func action(_ node: Node) throws(SeccompPolicyError) -> SeccompAction {
        if case .mapping(let mapping) = node {
            try checkKeys(mapping, known: ["errno"])
            guard let value = mapping["errno"] else { throw error(.invalid, node, "an empty action") }
            let name = try scalar(value, "errno")
            guard let number = ErrnoName.number(name) else {
                throw error(.invalid, value, "unknown errno \(Quoted.text(name)); known are \(ErrnoName.all)")
            }
            return .errno(number)
        }
        switch try scalar(node, "an action") {
        case "allow": return .allow
        case "log": return .log
        case "kill_process": return .killProcess
        case let other:
            throw error(
                .invalid, node,
                "unknown action \(Quoted.text(other)); known are allow, log, kill_process and {errno: NAME}")
        }
    }

    private func name(_ node: Node) throws(SeccompPolicyError) -> String {
        let name = try scalar(node, "name")
        guard ProfileName.isValid(name) else {
            throw error(.invalid, node, "name \(Quoted.text(name)): \(ProfileName.rule)")
        }
        return name
    }

    private func includePath(_ node: Node) throws(SeccompPolicyError) -> String {
        let path = try scalar(node, "include")
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let plain = parts.allSatisfy { ProfileName.isValid(String($0)) && $0 != "." && $0 != ".." }
        if !plain || path.utf8.count > 255 {
            throw error(
                .include, node, "include \(Quoted.text(path)): a path below this file's directory, of plain names")
        }
        return path
    }

    private func checkArchitecture(_ node: Node) throws(SeccompPolicyError) {
        let name = try scalar(node, "an architecture")
        if name == SyscallName.nativeArchitecture { return }
        let why = ArchitectureName.known.contains(name) ? "not this host's architecture:" : "unknown architecture"
        throw error(
            .invalid, node, "\(why) \(Quoted.text(name)); filters are made for \(SyscallName.nativeArchitecture) alone")
    }
}

/// What the readers of all parts share.
extension ProfileReader {
    func checkKeys(_ mapping: Node.Mapping, known: [String]) throws(SeccompPolicyError) {
        for (key, _) in mapping {
            let name = try scalar(key, "a key")
            if !known.contains(name) {
                throw error(
                    .invalid, key, "unknown key \(Quoted.text(name)); known are \(known.joined(separator: ", "))")
            }
        }
    }

    func list(_ node: Node?, _ key: String) throws(SeccompPolicyError) -> [Node] {
        guard let node else { return [] }
        guard case .sequence(let sequence) = node else { throw error(.invalid, node, "\(key) is a list") }
        return Array(sequence)
    }

    func scalar(_ node: Node, _ what: String) throws(SeccompPolicyError) -> String {
        guard case .scalar(let scalar) = node else { throw error(.invalid, node, "\(what) is a single value") }
        return scalar.string
    }

    func position(_ node: Node) -> SourcePosition { SourcePosition(file: file, line: node.mark?.line) }

    func error(_ code: SeccompPolicyError.Code, _ node: Node, _ reason: String) -> SeccompPolicyError {
        SeccompPolicyError(code, position(node), reason)
    }
}

/// Names of profiles, which are names of files too.
enum ProfileName {
    static let rule = "1 to 64 letters, digits, dots, dashes and underscores, with no dot in front"

    static func isValid(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// Architectures that Linux and libseccomp have: told apart from misspellings in the message alone.
enum ArchitectureName {
    static let known: Set<String> = [
        "x86", "x86_64", "x32", "arm", "aarch64", "loongarch64", "mips", "mips64", "mipsel", "mipsel64", "parisc",
        "ppc",
        "ppc64", "ppc64le", "riscv64", "s390", "s390x",
    ]
}
