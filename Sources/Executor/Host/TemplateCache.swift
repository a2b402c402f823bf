import ProcessSupervisor
import Synchronization
import SystemSupport

/// The roots that this process has built. Each holds a mount namespace, so only the last few are kept.
///
/// A root binds what the host's paths led to when it was built. A package upgrade renames new files over old ones, of
/// which the bind would keep showing the old: such a root is built anew.
struct TemplateCache: ~Copyable, Sendable {
    static let limit = 16

    private let templates = Mutex<[RootTemplate]>([])

    /// The template of a layout, built at its first use, away from the cooperative pool.
    func template(_ layout: RootLayout) async throws(ExecutorError) -> RootTemplate {
        if let known = templates.withLock({ Self.find(layout, in: &$0) }) { return known }
        let built = await blocking { Result { () throws(SystemError) in try RootTemplate(layout) } }
        do {
            let template = try built.get()
            return templates.withLock { templates in
                // Another run may have built it meanwhile; the first stays.
                if let known = Self.find(layout, in: &templates) { return known }
                templates.removeAll { !$0.isCurrent }
                templates.append(template)
                if templates.count > Self.limit { templates.removeFirst() }
                return template
            }
        } catch {
            throw ExecutorError(
                .host, error,
                "the root of the sandbox cannot be built; a container needs CAP_SYS_ADMIN and mount rights for it")
        }
    }

    /// Lets go of those in which something is bound that is no more where it was: nobody may ever ask for them again.
    func prune() { templates.withLock { $0.removeAll { !$0.isCurrent } } }

    /// The one used last goes to the end. Runs that began in an outdated one keep it until they end.
    private static func find(_ layout: RootLayout, in templates: inout [RootTemplate]) -> RootTemplate? {
        guard let index = templates.lastIndex(where: { $0.layout == layout }) else { return nil }
        let found = templates.remove(at: index)
        guard found.isCurrent else { return nil }
        templates.append(found)
        return found
    }
}
