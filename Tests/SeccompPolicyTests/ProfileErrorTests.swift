import Glibc
import SeccompPolicy
import SystemSupport
import Testing

/// Profiles that mean nothing, contradict themselves or are made to hurt: an error with file and line, at once.
@Suite struct ProfileErrorTests {
    private func error(_ text: String, _ more: [String: String] = [:]) throws -> SeccompPolicyError {
        let directory = try ProfileDirectory(more.merging(["test.yaml": text]) { $1 })
        let error = try #require(throws: SeccompPolicyError.self) { try directory.profile() }
        #expect(error.file.hasPrefix(directory.path))
        return error
    }

    @Test(
        arguments: [
            ("default: allow\nrules:\n  - {action: allow, syscalls: [read, opn]}", 3, "unknown system call \"opn\""),
            ("default: allow\nrules:\n  - {action: allow, syscalls: [read], arg: []}", 3, "unknown key \"arg\""),
            ("default: allow\n\nrule: []", 3, "unknown key \"rule\""),
            ("default: allow\narchitectures: [x86_65]", 2, "unknown architecture \"x86_65\""),
            ("default: allow\narchitectures: [s390x]", 2, "not this host's architecture: \"s390x\""),
            ("default: alow", 1, "unknown action \"alow\""),
            ("default: {errno: EPREM}", 1, "unknown errno \"EPREM\""),
            ("default: {errno: 1}", 1, "unknown errno \"1\""),
            ("default: {}", 1, "an empty action"),
            ("default: allow\nrules: read", 2, "rules is a list"),
            ("default: allow\nrules:\n  - read", 3, "a rule is a mapping"),
            ("default: allow\nrules:\n  - action: allow", 3, "a rule without syscalls"),
            ("default: allow\nrules:\n  - syscalls: [read]", 3, "a rule without action"),
            ("default: allow\nrules:\n  - {action: allow, syscalls: [[read]]}", 3, "a system call is a single value"),
            ("name: other\ndefault: allow", nil, "name \"other\" is not the file's name"),
            ("name: ../x\ndefault: allow", 1, "name \"../x\""),
            ("rules: []", nil, "a profile needs a default"),
            ("default: allow\ndefault: log", 1, "a key is there twice"),
            ("[default]", 1, "a profile is a mapping"),
        ] as [(String, Int?, String)])
    func whatHasNoMeaningIsNamedWithItsLine(text: String, line: Int?, reason: String) throws {
        let error = try error(text)
        #expect(error.code == .invalid)
        #expect(error.line == line)
        #expect(error.reason.contains(reason), "\(error)")
    }

    @Test(arguments: [
        ("{index: 6, op: eq, value: 0}", "index is 0 to 5"), ("{index: -1, op: eq, value: 0}", "index \"-1\""),
        ("{index: 0, op: is, value: 0}", "unknown op \"is\""), ("{index: 0, op: eq}", "without value"),
        ("{index: 0, value: 1}", "without op"), ("{index: 0, op: eq, value: 0x}", "value \"0x\""),
        ("{index: 0, op: eq, value: 18446744073709551616}", "value \"18446744073709551616\""),
        ("{index: 0, op: eq, value: +1}", "value \"+1\""), ("{index: 0, op: eq32, value: 0x100000000}", "32 bits"),
        ("{index: 0, op: masked_eq, value: 1}", "mask"), ("{index: 0, op: eq, mask: 1, value: 1}", "mask"),
        ("{index: 0, op: masked_eq, mask: 0xF0, value: 0x1F0}", "can never match"), ("eq", "an argument is a mapping"),
        ("{index: 0, op: eq, value: 1}, {index: 0, op: eq, value: 2}", "two conditions"),
    ])
    func conditionsThatCannotBeMeantAreErrors(condition: String, reason: String) throws {
        let error = try error("default: allow\nrules:\n  - action: log\n    syscalls: [read]\n    args: [\(condition)]")
        #expect(error.code == .invalid)
        #expect(error.line == 5)
        #expect(error.reason.contains(reason), "\(error)")
    }

    @Test func optionalNamesMayBeUnknownAndOthersMayNot() throws {
        let directory = try ProfileDirectory([
            "test.yaml":
                "default: log\nrules:\n  - {action: allow, syscalls: [read], optional_syscalls: [call_of_2099, stat64]}"
        ])
        #expect(try directory.profile().entries.values.map(\.syscall.name) == ["read"])
        let foreign = try error("default: allow\nrules:\n  - {action: allow, syscalls: [stat64]}")
        #expect(foreign.reason.contains("does not exist on"))
    }

    @Test func contradictionsNameBothPlaces() throws {
        let plain = try error(
            "default: allow\nrules:\n  - {action: log, syscalls: [read]}\n  - {action: {errno: EPERM}, syscalls: [read]}"
        )
        #expect(plain.code == .conflict && plain.line == 4)
        #expect(
            plain.reason.contains("test.yaml:3") && plain.reason.contains("errno EPERM for \"read\" conflicts with log")
        )

        let included = try error(
            "include: [base.yaml]\nrules:\n  - {action: allow, syscalls: [mount]}",
            ["base.yaml": "default: log\nrules:\n  - {action: {errno: EPERM}, syscalls: [mount]}"])
        #expect(included.code == .conflict && included.line == 3)
        #expect(included.reason.contains("base.yaml:3"))

        let args = "args: [{index: 0, op: eq, value: 1}]"
        let conditional = try error(
            "default: allow\nrules:\n  - {action: log, syscalls: [read], \(args)}\n  - {action: kill_process, syscalls: [read], \(args)}"
        )
        #expect(conditional.code == .conflict && conditional.line == 4)

        let defaults = try error(
            "include: [a.yaml, b.yaml]", ["a.yaml": "default: allow", "b.yaml": "default: kill_process"])
        #expect(defaults.code == .conflict && defaults.line == 1)
    }

    @Test func theSameThingTwiceIsNoContradiction() throws {
        let directory = try ProfileDirectory([
            "test.yaml":
                "include: [base.yaml, sub/more.yaml]\ndefault: log\nrules:\n  - {action: allow, syscalls: [read]}",
            "base.yaml": "default: allow\nrules:\n  - {action: allow, syscalls: [read, write]}",
            "sub/more.yaml": "include: [deep.yaml]", "sub/deep.yaml": "rules:\n  - {action: allow, syscalls: [close]}",
        ])
        let profile = try directory.profile()
        #expect(profile.defaultAction == .log)
        #expect(Set(profile.entries.values.map(\.syscall.name)) == ["read", "write", "close"])
    }

    @Test func includesThatLeadNowhereOrBackAreErrors() throws {
        let own = try error("default: allow\ninclude: [test.yaml]")
        #expect(own.code == .include && own.line == 2 && own.reason.contains("back to itself"))
        let cycle = try error(
            "default: allow\ninclude: [a.yaml]", ["a.yaml": "include: [b.yaml]", "b.yaml": "\ninclude: [a.yaml]"])
        #expect(cycle.code == .include && cycle.line == 2 && cycle.file.hasSuffix("/b.yaml"))
        let missing = try error("default: allow\ninclude: [gone.yaml]")
        #expect(missing.code == .unreadable && missing.line == 2 && missing.reason.contains("ENOENT"))
        for path in ["../x.yaml", "/etc/passwd", "a//b.yaml", "./a.yaml", ".hidden.yaml", "a b.yaml"] {
            #expect(try error("default: allow\ninclude: [\"\(path)\"]").code == .include)
        }
        var chain: [String: String] = [:]
        for level in 0..<20 { chain["level\(level).yaml"] = "include: [level\(level + 1).yaml]" }
        #expect(try error("default: allow\ninclude: [level0.yaml]", chain).code == .include)
        var wide: [String: String] = [:]
        for number in 0..<40 { wide["w\(number).yaml"] = "rules: []" }
        let all = wide.keys.joined(separator: ", ")
        #expect(try error("default: allow\ninclude: [\(all)]", wide).code == .include)
    }

    @Test func bombsAreRefusedBeforeTheyGrow() throws {
        var laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<30 {
            laughs +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        let bomb = try error(laughs + "? *a29\n: 1\n")
        #expect(bomb.code == .malformed && bomb.line == 1 && bomb.reason.contains("aliases"))
        #expect(try error("default: allow\nrules: *nowhere").reason.contains("aliases"))
        #expect(try error("default: allow\nrules: &anchor []").reason.contains("aliases"))

        let deep = try error("default: allow\nrules: " + String(repeating: "[", count: 100_000))
        #expect(deep.code == .malformed && deep.line == 2)
        let wide = try error("default: allow\nrules: [" + String(repeating: "a,", count: 100_000) + "]")
        #expect(wide.code == .tooLarge)
        let large = try error("# " + String(repeating: "x", count: 1 << 20))
        #expect(large.code == .tooLarge && large.reason.contains("1 MiB"))
    }

    @Test(arguments: [
        "a: [", "\"", "\u{1}", "a: b: c", "- a\nb", "--- a\n--- b\n", "%YAML 9.9\n--- a", "\ta: b", "@", "",
    ])
    func whatIsNotYAMLIsAnError(text: String) throws {
        let error = try error(text)
        #expect(error.code == .malformed || error.code == .invalid)
        #expect(!error.description.unicodeScalars.contains { $0.value < 32 || $0.value == 127 })
    }

    @Test func bytesThatAreNoTextAreAnError() throws {
        let directory = try ProfileDirectory()
        try directory.write([0x61, 0x3A, 0x20, 0xFF, 0xFE, 0x0A], to: "test.yaml")
        #expect(throws: SeccompPolicyError.self) { try directory.profile() }
    }

    @Test func hostileNamesAreNeverShownRaw() throws {
        let escape = try error("default: allow\nrules:\n  - {action: allow, syscalls: [\"\\e[2J\\r\\u202Eevil\\0\"]}")
        #expect(escape.reason.contains("\\u{1B}[2J\\u{D}\\u{202E}evil\\u{0}"))
        let long = try error(
            "default: allow\nrules:\n  - {action: allow, syscalls: [\(String(repeating: "n", count: 5000))]}")
        #expect(long.description.utf8.count < 400)
        // Cut short at the NUL it would be a known name.
        #expect(
            try error("default: allow\nrules:\n  - {action: allow, syscalls: [\"read\\0x\"]}").reason.contains(
                "unknown system call"))
    }

    @Test func namesAreSearchedInOrderAndNothingElse() throws {
        let first = try ProfileDirectory(["a.yaml": "default: log"])
        let second = try ProfileDirectory([
            "a.yaml": "default: allow", "b.yaml": "default: allow", ".c.yaml": "default: allow",
        ])
        let profiles = SeccompProfiles(
            searchDirectories: ["/nonexistent", first.path, second.path], cacheDirectory: nil)
        #expect(try profiles.profile(named: "a").defaultAction == .log)
        #expect(try profiles.profile(named: "b").defaultAction == .allow)
        #expect(profiles.names() == ["a", "b"])
        for name in ["c", "../a", "", ".c", "a/b", "a\u{1B}"] {
            let error = try #require(throws: SeccompPolicyError.self) { try profiles.profile(named: name) }
            #expect(!error.description.contains("\u{1B}"))
        }
    }

    @Test func anUnusableProfileDoesNotGiveWayToTheNextDirectory() throws {
        let operators = try ProfileDirectory(["a.yaml": "nonsense"])
        let shipped = try ProfileDirectory([
            "a.yaml": "default: allow", "b.yaml": "default: allow", "c.yaml": "default: allow",
        ])
        #expect(symlink("/nonexistent", "\(operators.path)/b.yaml") == 0)
        #expect(mkfifo("\(operators.path)/c.yaml", 0o600) == 0)
        let profiles = SeccompProfiles(searchDirectories: [operators.path, shipped.path], cacheDirectory: nil)
        for (name, reason) in [("a", "a profile is a mapping"), ("b", "symlink"), ("c", "not a regular file")] {
            let error = try #require(throws: SeccompPolicyError.self) { try profiles.filter(named: name) }
            #expect(error.file == "\(operators.path)/\(name).yaml" && error.reason.contains(reason), "\(error)")
        }
    }

    /// A misspelt optional name would be left out in silence, so those that are unknown here are listed.
    @Test func optionalNamesOfShippedProfilesAreRealOnes() throws {
        let young: Set<String> = [
            "cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount",
            "listmount",
            "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
        ]
        let directory = try BeneathDirectory(path: Shipped.directory)
        let text = try directory.readText("default.yaml")
        var names: [String] = []
        for part in text.components(of: "optional_syscalls: [").dropFirst() {
            names += part.prefix { $0 != "]" }.split { $0 == "," || $0.isWhitespace }.map(String.init)
        }
        #expect(names.count > 50)
        for name in names where !young.contains(name) {
            let known: Bool
            do throws(SyscallName.Unknown) {
                _ = try SyscallName.number(for: name)
                known = true
            } catch {
                known = error == .here
            }
            #expect(known, "\(name)")
        }
    }
}

extension String {
    /// The parts between the occurrences of a text.
    fileprivate func components(of separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }
}
