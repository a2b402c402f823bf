import SystemSupport
import Testing

@testable import Executor

/// The configuration's values, and the sentence for each thing that can be wrong with them.
@Suite struct ConfigurationTests {
    @Test func everyKeyIsRead() throws {
        let read = try configuration(
            """
            enforcement: best-effort
            cgroup_root: /sys/fs/cgroup/scans
            state_directory: /run/scans
            first_uid: 70000
            profiles: /srv/scanners
            seccomp_profiles: /srv/seccomp
            scanner_path: [/opt/a, /opt/b]
            require_proof: true
            audit: {enabled: false, directory: /srv/audit, rotate_bytes: 1MiB, sync: true}
            caps: {cpu: 8, memory: 16GiB, swap: 0B, pids: 2048}
            scanners:
              bandit:
                limits: {memory: 2GiB, oom_group: false, io: {read: 1MiB/s}}
                deadlines: {wall: 1h, cpu: 30m}
                maximum: {memory: 4GiB, cpu_time: 1h}
                caps: {pids: 64}
              semgrep: {}
            """)
        #expect(read.file == "/etc/config.yaml")
        #expect(read.enforcement == .init(.bestEffort, line: 1))
        #expect(read.cgroupRoot == .init("/sys/fs/cgroup/scans", line: 2))
        #expect(read.stateDirectory == .init("/run/scans", line: 3))
        #expect(read.firstUID == .init(70000, line: 4))
        #expect(read.profiles == .init("/srv/scanners", line: 5))
        #expect(read.seccompProfiles == .init("/srv/seccomp", line: 6))
        #expect(read.scannerPath == .init(["/opt/a", "/opt/b"], line: 7))
        #expect(read.requireProof == .init(true, line: 8))
        #expect(read.audit.enabled == .init(false, line: 9) && read.audit.directory == .init("/srv/audit", line: 9))
        #expect(read.audit.rotateBytes == .init(.mebibytes(1), line: 9) && read.audit.sync == .init(true, line: 9))
        #expect(
            read.caps.values
                == AggregateCaps(
                    cpu: CPUCount(millicores: 8000), memory: .mebibytes(16384), swap: .bytes(0), pids: 2048))
        let bandit = try #require(read.scanners["bandit"])
        #expect(bandit.limits.values.memory == .mebibytes(2048) && bandit.limits.values.oomGroup == false)
        #expect(bandit.limits.values.io == [IOLimit(readBytes: .mebibytes(1))])
        #expect(bandit.limits.values.wall == .seconds(3600) && bandit.limits.values.cpuTime == .seconds(1800))
        #expect(bandit.limits.lines["limits.memory"] == 13 && bandit.limits.lines["deadlines.cpu"] == 14)
        #expect(
            bandit.maximum == [
                .memory: StatedAmount(.size(.mebibytes(4096)), line: 15),
                .cpuTime: StatedAmount(.time(.seconds(3600)), line: 15),
            ])
        #expect(read.hostCaps.types == ["bandit": AggregateCaps(pids: 64)])
        #expect(read.scanners["semgrep"]?.line == 17)
    }

    @Test(arguments: ["", "\n", "# nothing\n", "{}\n"]) func aFileWithoutKeysConfiguresNothing(_ yaml: String) throws {
        #expect(try configuration(yaml) == ExecutorConfiguration(file: "/etc/config.yaml"))
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var yaml: String
        /// `line key: message` begins with it.
        var problem: String
        var testDescription: String { yaml }
        init(_ yaml: String, _ problem: String) { (self.yaml, self.problem) = (yaml, problem) }
    }

    static let wrong: [Wrong] = [
        Wrong("tpyo: 1", "1 tpyo: unknown key; the keys here are enforcement, cgroup_root"),
        Wrong("enforcement: strict", "1 enforcement: \"strict\" is neither require nor best-effort"),
        Wrong("cgroup_root: scans", "1 cgroup_root: \"scans\" must be an absolute path"),
        Wrong("state_directory: /run/../etc", "1 state_directory: \"/run/../etc\" must be an absolute path"),
        Wrong("first_uid: 999", "1 first_uid: 999 is outside 1000 to 4294000000"),
        Wrong("first_uid: 9223372036854775808", "1 first_uid: "),
        Wrong("scanner_path: /opt/a", "1 scanner_path: expected a list"),
        Wrong("scanner_path:\n  - /opt/a\n  - b", "3 scanner_path: \"b\" must be an absolute path"),
        Wrong("require_proof: yes", "1 require_proof: \"yes\" is neither true nor false"),
        Wrong("audit: on", "1 audit: expected a mapping with enabled, directory"),
        Wrong("audit: {rotate_bytes: 64}", "1 audit.rotate_bytes: \"64\" is not a size"),
        Wrong("audit: {rotate_bytes: 1KiB}", "1 audit.rotate_bytes: 1KiB is below the least useful value, 1MiB"),
        Wrong("caps: {memory: 16GB}", "1 caps.memory: \"16GB\" is not a size"),
        Wrong("caps: {memory: 8388608TiB}", "1 caps.memory: \"8388608TiB\" is not a size"),
        Wrong("caps: {tmp: 1GiB}", "1 caps.tmp: unknown key; the keys here are cpu, memory, swap, pids"),
        Wrong("caps: {pids: 1}", "1 caps.pids: 1 is outside 2 to 4194304"),
        Wrong("scanners: [bandit]", "1 scanners: expected a mapping"),
        Wrong("scanners:\n  Bandit: {}", "2 scanners: \"Bandit\" is no scanner's name"),
        Wrong("scanners:\n  ../x: {}", "2 scanners: \"../x\" is no scanner's name"),
        Wrong("scanners:\n  bandit: 1", "2 scanners.bandit: expected a mapping with limits, deadlines"),
        Wrong("scanners:\n  bandit: {memory: 1GiB}", "2 scanners.bandit.memory: unknown key"),
        Wrong("scanners:\n  bandit: {limits: {memory: 512}}", "2 scanners.bandit.limits.memory: \"512\" is not a size"),
        Wrong("scanners:\n  bandit: {limits: {wall: 1h}}", "2 scanners.bandit.limits.wall: unknown key"),
        Wrong("scanners:\n  bandit: {deadlines: {wall: 1}}", "2 scanners.bandit.deadlines.wall: \"1\" is not a dur"),
        Wrong("scanners:\n  bandit: {maximum: {memory: lots}}", "2 scanners.bandit.maximum.memory: \"lots\" is not"),
        Wrong("scanners:\n  bandit: {maximum: {cpuset: 0-1}}", "2 scanners.bandit.maximum.cpuset: unknown key"),
        Wrong("enforcement: require\nenforcement: require", "1 enforcement: the key is given more than once"),
        Wrong("caps: &a {memory: 1GiB}\nscanners: {x: {caps: *a}}", "1 anchors (&) and aliases (*) are not accepted"),
        Wrong("enforcement: !!str require\n--- {}", "2 a configuration is one document, and here a second begins"),
        Wrong("enforcement: [", "2 not YAML: "),
        Wrong("[caps]", "1 expected a mapping with enforcement"),
        Wrong("profiles: /a\u{1}b", "1 control character 0x1 is not allowed in a configuration"),
    ]

    @Test(arguments: wrong) func whatIsWrongIsSaidWithItsLine(_ wrong: Wrong) {
        let found = configurationProblems(wrong.yaml)
        #expect(found.count == 1 && found[0].hasPrefix(wrong.problem), "\(found)")
    }

    @Test func allThatIsWrongIsSaidAtOnceInTheOrderOfTheFile() {
        let found = configurationProblems("first_uid: x\nscanners:\n  bandit: {limits: {pids: 0}}\ncaps: {cpu: none}\n")
        #expect(
            found.map { $0.split(separator: ":")[0] } == ["1 first_uid", "3 scanners.bandit.limits.pids", "4 caps.cpu"])
    }

    @Test func bombsAndMegabytesAreRefusedUnparsed() {
        let bomb =
            "a: &a [x, x]\n" + (0..<20).map { "b\($0): &b\($0) [*a, *a, *a, *a]\n" }.joined()
        #expect(configurationProblems(bomb).first?.contains("aliases are not accepted") == true)
        let deep = "scanners: " + String(repeating: "{x: ", count: 40) + String(repeating: "}", count: 40)
        #expect(configurationProblems(deep) == ["1 nested deeper than 16 levels"])
        let huge = String(repeating: "# comment\n", count: 30_000)
        #expect(configurationProblems(huge).first?.contains("a configuration has at most 262144") == true)
    }

    @Test func typesCapsFitIntoTheCapOfAll() throws {
        func problems(_ all: String, _ bandit: String, _ semgrep: String) -> [String] {
            configurationProblems(
                "caps: {\(all)}\nscanners:\n  bandit: {caps: {\(bandit)}}\n  semgrep: {caps: {\(semgrep)}}\n")
        }
        #expect(problems("memory: 4GiB, pids: 10", "memory: 2GiB, pids: 4", "memory: 2GiB, pids: 6") == [])
        // Without a cap for all, or for a type, there is nothing to add up.
        #expect(problems("pids: 10", "memory: 9GiB", "memory: 9GiB") == [])
        #expect(problems("memory: 4GiB", "memory: 4GiB", "") == [])
        #expect(
            problems("memory: 4GiB", "memory: 3GiB", "memory: 2GiB") == [
                "1 caps.memory: the types' caps come to 5GiB together (scanners.bandit.caps.memory 3GiB, "
                    + "scanners.semgrep.caps.memory 2GiB), over this cap for all scans, which is 4GiB: raise it, or lower theirs"
            ])
        #expect(
            problems("cpu: 2, pids: 8, swap: 1MiB", "cpu: 1.5, pids: 5, swap: 1MiB", "cpu: 0.75, pids: 4, swap: 1B").map
            {
                $0.prefix(12)
            } == ["1 caps.cpu: ", "1 caps.swap:", "1 caps.pids:"])
        #expect(
            problems("memory: 4GiB", "memory: 5GiB", "memory: 1GiB") == [
                "3 scanners.bandit.caps.memory: 5GiB is over the cap for all scans together, caps.memory, which is 4GiB"
            ])
        #expect(problems("memory: 8388607TiB", "memory: 8388607TiB", "memory: 8388607TiB").count == 1)
    }
}

/// Read as `/etc/config.yaml`.
func configuration(_ yaml: String) throws -> ExecutorConfiguration {
    try ExecutorConfiguration(yaml: Array(yaml.utf8), file: "/etc/config.yaml")
}

/// Each as `line key: message`; none where it is right.
func configurationProblems(_ yaml: String) -> [String] {
    do throws(ConfigurationError) {
        _ = try ExecutorConfiguration(yaml: Array(yaml.utf8), file: "/etc/config.yaml")
        return []
    } catch {
        return error.problems.map { "\($0.line.map(String.init) ?? "-") \($0.description)" }
    }
}
