import CgroupV2
import Glibc
import ProcessSupervisor
import SystemSupport

/// Proof, once at the start, that clone3(2) puts a child where it was told to: a kernel or an outer sandbox that ignores
/// CLONE_INTO_CGROUP would leave every limit without effect, and nothing would say so.
enum BirthProof {
    static func check(on host: SandboxHost) async throws {
        let name = "birth-\(getpid()).0"
        let leaf = try host.tree.makeLeaf(
            type: "proof", name: name, limits: .none,
            lease: Lease(worker: host.identity, task: "birth-proof", attempt: 0))
        let child = try await host.supervisor.launcher.hold(in: leaf.descriptor)
        let listed = try? BeneathDirectory(path: leaf.path).readText("cgroup.procs")
        child.end()
        guard let listed, listed.split(separator: "\n").contains("\(child.pid)") else {
            throw ExecutorError(
                .host,
                "a child that was cloned into \(leaf.path) is not there: the kernel or an outer sandbox ignores CLONE_INTO_CGROUP "
                    + "(Linux 5.7), and no limit would hold; run on the host itself")
        }
        _ = leaf.remove(within: .seconds(5))
    }
}
