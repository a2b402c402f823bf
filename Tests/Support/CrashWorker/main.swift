import Executor
import Glibc
import Logging
import SystemSupport

// A worker that makes runs until it is killed, or kills itself at a step that it is told. For CLITests' CrashTests.
//
//     crash-worker loop DIRECTORY SECCOMP CGROUP-ROOT FIRST-UID [STEP]   runs in two lanes, without end
//     crash-worker start DIRECTORY SECCOMP CGROUP-ROOT FIRST-UID [STEP]  prepares the host, makes one run, ends with 0
//
// STEP is a RunStep, or "running". stdout gets one line an event, each by one write(2): `leaf TASK` once a run has a cgroup,
// `done TASK` once its caller has the result, `ready MICROSECONDS` after the first run with its length.

/// One line, whole or not at all.
@Sendable func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}

let arguments = CommandLine.arguments
guard arguments.count >= 6, let firstUID = UInt32(arguments[5]) else {
    say("usage: crash-worker loop|start DIRECTORY SECCOMP CGROUP-ROOT FIRST-UID [STEP]")
    exit(64)
}
let (mode, directory, fatal) = (arguments[1], arguments[2], arguments.count > 6 ? arguments[6] : "")

/// The run that goes through a step: steps know only themselves.
enum CurrentRun { @TaskLocal static var name = "" }

@Sendable func die() { kill(getpid(), SIGKILL) }

/// Kills this process once something lives in the run's cgroup.
@Sendable func dieOnceRunning(_ leaf: String) {
    try? SystemThread.start("assassin") {
        while true {
            let processes = try? BeneathDirectory(path: leaf).readText("cgroup.procs")
            // pid 1 of the sandbox and the program.
            if let processes, processes.split(separator: "\n").count > 1 { die() }
            usleep(200)
        }
    }
}

var settings = HostSettings(seccompDirectories: [arguments[3]])
settings.cgroupRoot = arguments[4]
settings.enforcement = .bestEffort
settings.firstUID = firstUID
settings.slotCount = 8
settings.stateDirectory = "\(directory)/state"
settings.filterCache = "\(directory)/filters"
settings.audit = AuditSettings(directory: "\(directory)/audit")
let cgroupRoot = arguments[4]
settings.onStep = { step in
    if step == .leaf { say("leaf \(CurrentRun.name)") }
    if step.rawValue == fatal { die() }
    if step == .launching, fatal == "running" { dieOnceRunning("\(cgroupRoot)/tasks/crash/\(CurrentRun.name).1") }
}

let host = try await SandboxHost.prepare(settings, logger: Logger(label: "crash") { _ in SwiftLogNoOpLogHandler() })

@Sendable func makeRun(_ number: Int) async throws {
    let name = "\(getpid())-\(number)"
    var request = RunRequest(
        taskID: name, type: "crash",
        command: [
            "sh", "-c", fatal == "running" ? "sleep 1000" : "echo report >/out/report; sleep 0.005 & sleep 0.01; wait",
        ],
        limits: ScannerLimits(cpu: CPUCount(millicores: 4000)!, memory: .mebibytes(64), pids: 16),
        deadlines: Deadlines(wall: .seconds(120), grace: .zero))
    request.workingDirectory = "/tmp"
    request.output = "\(directory)/out-\(name)"
    let outcome = try await CurrentRun.$name.withValue(name) { [request] in try await host.run(request) }
    guard outcome.report.verdict.kind == .clean, outcome.audited != nil else {
        say("bad \(name) \(outcome.report.json())")
        exit(1)
    }
    say("done \(name)")
}

let begun = MonotonicTime.now
try await makeRun(0)
say("ready \((MonotonicTime.now - begun).wholeMicroseconds)")
if mode == "start" { exit(0) }
try await withThrowingTaskGroup(of: Void.self) { group in
    for lane in 1...2 {
        group.addTask {
            var number = lane
            while true {
                try await makeRun(number)
                number += 2
            }
        }
    }
    try await group.waitForAll()
}
