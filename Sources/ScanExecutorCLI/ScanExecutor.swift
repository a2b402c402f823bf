import Executor
import ProcessSupervisor
import SystemSupport

@main struct Main {
    static func main() async throws {
        var settings = HostSettings(seccompDirectories: ["/work/main/deploy/seccomp"])
        settings.enforcement = .bestEffort
        settings.programDirectories = ["/tmp/venv-scanners/bin"]
        let host = try await SandboxHost.prepare(settings)
        let args = CommandLine.arguments
        if args[1] == "scan" {
            let store = ScannerProfileStore(directories: [
                "/work/main/deploy/scanners", "/tmp/wt/profiles/deploy/scanners",
            ])
            let p = try store.load(args[2])
            let o = try await host.run(RunRequest(taskID: "t1", scanning: args[3], with: p))
            print(o.report.json(pretty: true))
            print(o.findings?.count as Any, o.findingsProblem as Any)
        } else {
            for _ in 0..<Int(args[1])! {
                var l = ScannerLimits(cpu: CPUCount(millicores: 1000)!, memory: .mebibytes(256), pids: 64)
                l.tmp = .mebibytes(16)
                var r = RunRequest(
                    taskID: "t1", type: "exec", command: Array(args.dropFirst(2)), limits: l,
                    deadlines: Deadlines(wall: .seconds(30)))
                r.workingDirectory = "/"
                let t = MonotonicTime.now
                let o = try await host.run(r)
                if args[1] == "1" {
                    print(o.report.json(pretty: true))
                } else {
                    print(
                        (MonotonicTime.now - t).wholeMicroseconds, o.report.timings.setupMicroseconds!,
                        o.report.timings.teardownMicroseconds!)
                }
            }
        }
    }
}
