// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors in our own targets under `make check`; the dependencies' warnings are theirs.
let swiftSettings: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]

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
        .target(name: "ProcessSupervisor", dependencies: ["CLaunch", "SystemSupport"], swiftSettings: swiftSettings),
        .target(
            name: "Executor",
            dependencies: [
                "CgroupV2", "ProcessSupervisor", "SeccompPolicy", "SystemSupport",
                .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "ScanExecutorCLI",
            dependencies: ["Executor", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: swiftSettings),
        .testTarget(name: "SystemSupportTests", dependencies: ["SystemSupport"], swiftSettings: swiftSettings),
        .testTarget(name: "CgroupV2Tests", dependencies: ["CgroupV2"], swiftSettings: swiftSettings),
        .target(name: "CSeccompTestSupport", path: "Tests/Support/CSeccompTestSupport"),
        .testTarget(
            name: "SeccompPolicyTests", dependencies: ["SeccompPolicy", "CSeccomp", "CSeccompTestSupport", "SystemSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "SupervisorTests", dependencies: ["ProcessSupervisor", "CgroupV2"], swiftSettings: swiftSettings),
        .testTarget(name: "ExecutorTests", dependencies: ["Executor"], swiftSettings: swiftSettings),
        .testTarget(name: "CLITests", dependencies: ["SystemSupport"], swiftSettings: swiftSettings),
    ]
)
