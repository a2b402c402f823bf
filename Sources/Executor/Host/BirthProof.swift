import CgroupV2
import Glibc
import ProcessSupervisor
import SystemSupport

/// Proof, once at the start, that clone3(2) puts a child where it was told to: a kernel or an outer sandbox that ignores
/// CLONE_INTO_CGROUP would leave every limit without effect, and nothing would say so.
enum BirthProof {
    static func check(on host: SandboxHost) async throws {
        // Workers of several pid namespaces may share the tree, and a pid.
        let name = "birth-\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 16)).0"
        let leaf = try host.tree.makeLeaf(
            type: "proof", name: name, limits: .none,
            lease: Lease(worker: host.identity, task: "birth-proof", attempt: 0))
        let child = try await host.supervisor.launcher.hold(in: leaf.descriptor)
        let path = leaf.path
        let listed = Result { () throws(SystemError) in try BeneathDirectory(path: path).readText("cgroup.procs") }
        child.end()
        // What could not be read proves nothing against the kernel.
        guard try listed.get().split(separator: "\n").contains("\(child.pid)") else {
            throw ExecutorError(
                .host,
                "a child that was cloned into \(leaf.path) is not there: the kernel or an outer sandbox ignores CLONE_INTO_CGROUP "
                    + "(Linux 5.7), and no limit would hold; run on the host itself")
        }
        _ = leaf.remove(within: .seconds(5))
    }
}
