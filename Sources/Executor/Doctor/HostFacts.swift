import CgroupV2

/// What was found on a host, before anybody judges it.
struct HostFacts: Sendable {
    /// Something that was tried.
    enum Probe: Sendable, Equatable {
        case works(String)
        case fails(String)
        /// It could not even be tried: no root, or what it builds on fails.
        case notTried
    }

    struct Scanner: Sendable, Equatable {
        var profile: String
        var program: String
        /// Where the program is; nil where it is nowhere.
        var path: String?
        /// Why the profile cannot be read; nil where it can.
        var problem: String?
    }

    var isRoot = false
    /// Which configuration is used, for people.
    var configuration: String?
    /// uname(2): `6.1.0-18-amd64`.
    var kernel = ""
    var cgroupMount = Probe.notTried
    /// The prepared tree.
    var cgroupRoot = Probe.notTried
    var cgroups: CgroupFeatures?
    /// A child was born in its leaf, and everything else of the host could be prepared.
    var host = Probe.notTried
    /// Each namespace by its name in /proc/self/ns.
    var namespaces: [(name: String, probe: Probe)] = []
    var tmpfs = Probe.notTried
    var bind = Probe.notTried
    /// An id-mapped bind of ``idMappedPath``.
    var idMapped = Probe.notTried
    var idMappedPath = "/"
    /// A whole sandbox that ran true(1).
    var sandbox = Probe.notTried
    /// The step at which the sandbox failed.
    var failedStep: String?
    /// actions_avail of /proc/sys/kernel/seccomp; nil without.
    var seccompActions: [String]?
    var libseccomp = ""
    var filter = Probe.notTried
    var filterCacheProblem: String?
    var landlockABI: Int?
    /// /proc/sys/vm/memfd_noexec; nil before Linux 6.3.
    var memfdNoexec: Int?
    /// Users, groups and subordinate ranges of the host that lie in the slots' range.
    var uidConflicts: [String] = []
    var uidRange = ""
    var hasSwap = false
    /// /proc/sys/kernel/core_pattern.
    var corePattern = ""
    var scanners: [Scanner] = []

}

extension HostFacts {
    /// `6.1.0-18-amd64` as (6, 1); nil for what is no such text.
    static func version(of kernel: String) -> (major: Int, minor: Int)? {
        let parts = kernel.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
            return nil
        }
        return (major, minor)
    }
}
