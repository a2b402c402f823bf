import Glibc
import SystemSupport
import Testing

@testable import CgroupV2

/// A root of its own for one test, gone with everything in it at the end.
struct TestTree {
    let path: String

    init() throws {
        path = "\(try #require(TestHost.base))/scan-executor-test-\(UInt64.random(in: 0 ... .max))"
    }

    /// Prepares the tree, runs `body`, then checks that no descriptor and no cgroup is left.
    static func run(_ body: (CgroupTree) throws -> Void) throws {
        let test = try TestTree()
        defer { test.remove() }
        do {
            let tree = try CgroupTree.prepare(root: test.path, placement: .never)
            try body(tree)
            #expect(try test.leaves(tree) == [], "a leaf was left behind")
            tree.dismantle()
        }
        #expect(!TestHost.exists(test.path), "the root was left behind")
        #expect(test.openDescriptors() == [], "a descriptor was left behind")
    }

    func leaves(_ tree: CgroupTree) throws -> [String] {
        try tree.tasks.childNames().flatMap { type in try tree.tasks.child(type).childNames().map { "\(type)/\($0)" } }
    }

    /// Descriptors of this process on anything of this tree. Other tests run beside, so only these can be counted.
    func openDescriptors() -> [String] {
        (0..<1024).compactMap { number -> String? in
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes {
                readlink("/proc/self/fd/\(number)", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
            }
            let target = count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
            return target.contains(path.split(separator: "/").last!) ? target : nil
        }
    }

    /// Whatever happened: nothing stays for the next test.
    func remove() {
        guard let (parent, name) = CgroupPath.split(path), let above = try? RootDirectory.open(parent),
            let root = (try? above.childIfPresent(name)) ?? nil
        else { return }
        _ = try? SubtreeRemoval.remove(name, opened: root, from: above, within: .seconds(20))
    }
}

extension Lease {
    static func test(task: String = "task-1", attempt: UInt32 = 1) -> Lease {
        Lease(
            worker: WorkerIdentity(id: "worker-a", bootID: "b", pid: getpid(), startTime: 1), task: task,
            attempt: attempt,
            deadlineUnixMilliseconds: 1_700_000_000_000)
    }
}

extension CgroupTree {
    func makeTestLeaf(_ name: String = "task-1.1", _ limits: CgroupLimits = .none) throws -> CgroupLeaf {
        try makeLeaf(type: "bandit", name: name, limits: limits, lease: .test())
    }
}

/// Removes the leaf and expects success: `#expect` itself cannot look into a value that has one owner.
func expectRemoved(_ leaf: consuming CgroupLeaf, sourceLocation: SourceLocation = #_sourceLocation) {
    let isRemoved = leaf.remove(within: .seconds(20)).isRemoved
    #expect(isRemoved, "the leaf is still there", sourceLocation: sourceLocation)
}
