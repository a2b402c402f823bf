import Glibc
import Testing

/// The page of `audit report` in a real browser: scripts/check-report, which asserts on what Chromium made of it.
@Suite struct ReportBrowserTests {
    private static let browser = (["/usr/bin/chromium", "/usr/bin/chromium-browser"] as [String]).first {
        access($0, X_OK) == 0
    }

    @Test(
        .enabled(
            if: Self.browser != nil && !TestHost.isUserModeLinux, "needs Chromium and a kernel that it runs on"))
    func aBrowserShowsThePageAndAsksNoNetwork() throws {
        let finished = try Tool.start(
            ["\(Tool.project)/scripts/check-report"], environment: ["SCAN_EXECUTOR_TEST_BINARY": Tool.binary],
            program: "/bin/bash"
        ).finish()
        #expect(finished.status == 0, "\(finished.stdout)\(finished.stderr)")
        #expect(finished.stdout.contains("nothing asked of a network"))
    }
}
