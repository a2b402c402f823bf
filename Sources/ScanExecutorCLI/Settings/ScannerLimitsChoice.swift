import Executor

extension OperatorSettings {
    /// The limits of one scanner on this host. Throws where the profile cannot be used, or the configuration does not fit this
    /// profile or another that it names: a host that is wrongly configured runs nothing.
    func ladder(_ name: String) throws -> LimitLadder {
        let store = ScannerProfileStore(directories: profileDirectories)
        let ladder = LimitLadder(try store.load(name), configuration)
        guard let configuration else { return ladder }
        let problems = Self.problems(of: configuration, with: [ladder], store)
        if !problems.isEmpty { throw ConfigurationError(configuration.file, problems) }
        return ladder
    }

    /// All that does not fit between the configuration and the profiles: those that it names, and `others`.
    ///
    /// A profile that is wrong in itself is not the configuration's problem, and is left out.
    static func problems(
        of configuration: ExecutorConfiguration, with others: [LimitLadder], _ store: ScannerProfileStore
    ) -> [ProfileProblem] {
        var ladders = Dictionary(others.map { ($0.profile.name, $0) }, uniquingKeysWith: { first, _ in first })
        var problems: [ProfileProblem] = []
        for (name, scanner) in configuration.scanners where ladders[name] == nil {
            do throws(ProfileError) {
                ladders[name] = LimitLadder(try store.load(name), configuration)
            } catch {
                if error.code != .notFound { continue }
                problems += error.problems.map {
                    ProfileProblem(line: scanner.line, key: "scanners.\(name)", $0.message)
                }
            }
        }
        for (_, ladder) in ladders { problems += ladder.problems }
        // By line, and by key for those of one line; the same cap may be too small for several.
        return problems.sorted {
            ($0.line ?? .max, $0.key ?? "", $0.message) < ($1.line ?? .max, $1.key ?? "", $1.message)
        }
    }
}
