// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors in our own targets under `make check`, which sets this variable; the dependencies' warnings are
/// theirs. Not otherwise, so that a newer compiler's new warning stops nobody from building.
let warningsAreErrors = Context.environment["SCAN_EXECUTOR_WARNINGS"] == "error"
let swiftSettings: [SwiftSetting] =
    [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]
    + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

let package = Package(
    name: "scan-executor",
    products: [
        .executable(name: "scan-executor", targets: ["ScanExecutorCLI"]),
        .library(name: "Executor", targets: ["Executor"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CSystemSupport"),
        .target(
            name: "SystemSupport",
            dependencies: ["CSystemSupport", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: swiftSettings),
        .target(name: "CLaunch"),
        .target(name: "CSeccomp", linkerSettings: [.linkedLibrary("seccomp")]),
        .target(
            name: "SeccompPolicy",
            dependencies: ["CSeccomp", "SystemSupport", .product(name: "Yams", package: "Yams")],
            swiftSettings: swiftSettings),
        .target(name: "CgroupV2", dependencies: ["SystemSupport"], swiftSettings: swiftSettings),
        .target(
            name: "ProcessSupervisor",
            dependencies: [
                "CLaunch", "CSystemSupport", "SystemSupport",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "Executor",
            dependencies: [
                "CgroupV2", "ProcessSupervisor", "SeccompPolicy", "SystemSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"), .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "LocalStore",
            dependencies: [
                "Executor", "SystemSupport", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: swiftSettings),
        // The attacks that `doctor --prove` and the tests run in the sandbox. Named for its program. Static, because the
        // package manager links C with Swift's runtime, which no sandbox has.
        .executableTarget(
            name: "scan-probe", path: "Sources/HostileProbe",
            linkerSettings: [.unsafeFlags(["-static-executable", "-nostartfiles"])]),
        .executableTarget(
            name: "ScanExecutorCLI",
            dependencies: [
                "CgroupV2", "Executor", "LocalStore", "ProcessSupervisor", "SeccompPolicy", "SystemSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings),
        // A worker that the tests kill at each step of a run.
        .executableTarget(
            name: "crash-worker", dependencies: ["Executor", "SystemSupport"], path: "Tests/Support/CrashWorker",
            swiftSettings: swiftSettings),
        // Named for its program: scripts/bench runs it.
        .executableTarget(
            name: "scan-executor-bench", dependencies: ["Executor", "SeccompPolicy", "SystemSupport"],
            path: "Sources/ScanExecutorBench",
            swiftSettings: swiftSettings),
        // The benchmark's yardstick: the least honest work for one launch, in C. See scripts/bench.
        .executableTarget(name: "LaunchFloor"),
        .testTarget(name: "SystemSupportTests", dependencies: ["SystemSupport"], swiftSettings: swiftSettings),
        .testTarget(name: "CgroupV2Tests", dependencies: ["CgroupV2"], swiftSettings: swiftSettings),
        .target(name: "CSeccompTestSupport", path: "Tests/Support/CSeccompTestSupport"),
        .testTarget(
            name: "SeccompPolicyTests",
            dependencies: ["SeccompPolicy", "CSeccomp", "CSeccompTestSupport", "SystemSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "SupervisorTests",
            dependencies: [
                "ProcessSupervisor", "CgroupV2", "CSystemSupport", "SystemSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: swiftSettings),
        .testTarget(
            name: "ExecutorTests",
            dependencies: [
                "CgroupV2", "Executor", "ProcessSupervisor", "SystemSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Fixtures"], swiftSettings: swiftSettings),
        .testTarget(
            name: "LocalStoreTests",
            dependencies: [
                "Executor", "LocalStore", "SystemSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "CLITests",
            dependencies: ["CgroupV2", "Executor", "ScanExecutorCLI", "SeccompPolicy", "SystemSupport"],
            swiftSettings: swiftSettings),
    ]
)
