import CgroupV2
import Glibc
import ProcessSupervisor
import SeccompPolicy
import SystemSupport

/// The host that a proof is about: it says nothing of another.
public struct ProofFacts: Sendable, Hashable {
    /// uname(2): `6.1.0-18-amd64`, `x86_64`.
    public var kernel: String
    public var architecture: String
    public var executorVersion: String
    /// Nil where the kernel has no Landlock, or it is switched off.
    public var landlockABI: Int?
    /// Of the default filter.
    public var filterSHA256: String
    /// Of the filter `network`, with which the attacks are run that need a network.
    public var networkFilterSHA256: String
    public var probeSHA256: String
    /// The controllers that runs have, sorted.
    public var controllers: [String]

    static func current(
        of host: SandboxHost, probe: ProbeProgram, _ controllers: Set<Controller>
    ) async throws -> ProofFacts {
        let name = KernelName.current
        return ProofFacts(
            kernel: name.release, architecture: name.machine, executorVersion: ExecutorVersion.current,
            landlockABI: host.landlockABI, filterSHA256: try await host.filter(Self.filterName, .enforce).sha256,
            networkFilterSHA256: try await host.filter(Self.networkFilterName, .enforce).sha256,
            probeSHA256: probe.sha256, controllers: controllers.sorted().map(\.rawValue))
    }

    /// The filter of every run whose profile names no other.
    static let filterName = "default"
    static let networkFilterName = "network"

    /// Of a filter that attacks were run against; nil for any other.
    func filterSHA256(named name: String) -> String? {
        switch name {
        case Self.filterName: filterSHA256
        case Self.networkFilterName: networkFilterSHA256
        default: nil
        }
    }
}

/// uname(2).
struct KernelName {
    var release: String
    var machine: String

    static let current: KernelName = {
        var name = utsname()
        guard uname(&name) == 0 else { return KernelName(release: "", machine: "") }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return KernelName(release: text(name.release), machine: text(name.machine))
    }()
}
