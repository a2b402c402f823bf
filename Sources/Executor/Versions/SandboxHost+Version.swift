import Glibc
public import ProcessSupervisor
import SystemSupport

extension SandboxHost {
    /// What the profile's `version` command prints of the scanner's version: one line. It runs in a sandbox like the scanner's
    /// own, without a tree, once for each version of the profile and of the program; the answer is kept in `versions/` of the state
    /// directory.
    ///
    /// Nil where the profile names no such command, or it fails, or prints no line with a digit in it; a failure is tried again
    /// after ten minutes.
    ///
    /// - Parameter cancellation: ends the command, and gives nil that nobody remembers. The run for which the version is may use
    ///   the same one afterwards.
    public func scannerVersion(
        for profile: ScannerProfile, cancellation: Cancellation = Cancellation()
    ) async -> String? {
        guard let command = profile.version, let program = settings.path(of: profile),
            let key = VersionKey(profile, program: program)
        else { return nil }
        let ask: @Sendable () async -> String? = { [self] in
            var request = RunRequest(
                taskID: "version-\(getpid())-\(String(UInt32.random(in: 0 ... .max), radix: 16))", type: profile.name,
                command: command.expanded(), limits: profile.limits, deadlines: Self.versionDeadlines)
            request.isAudited = false
            request.environment = profile.environment
            request.readOnlyPaths = profile.readOnlyPaths
            request.seccomp = profile.seccomp
            request.workingDirectory = SandboxPath.temporary
            request.limits.printed = min(request.limits.printed, .kibibytes(64))
            guard let report = try? await run(request, cancellation: cancellation).report,
                report.verdict.kind == .clean
            else { return nil }
            return ScannerVersions.line(of: report.output.stdout ?? "")
                ?? ScannerVersions.line(of: report.output.stderr ?? "")
        }
        return await versions.version(
            of: profile.name, key, unless: { cancellation.isRequested }, ask: ask)
    }

    /// A version takes a second or three; a slow machine takes longer.
    private static let versionDeadlines = Deadlines(wall: .seconds(20), grace: .zero)
}
