import Executor

/// Which runs `audit ls` shows. What is nil does not filter.
public struct RunFilter: Sendable, Equatable {
    /// What stands for runs of `exec`, which have no scanner.
    public static let noScanner = "-"

    /// A profile's name, or ``noScanner``.
    public var scanner: String?
    public var verdict: VerdictKind?
    /// Milliseconds since 1970, of the run's start: from `since` on, and before `until`.
    public var since: Int64?
    public var until: Int64?
    public var target: TargetPattern?
    public var limit: Int

    public init(limit: Int = 50) { self.limit = limit }
}

/// Which targets: a path and everything below it, or a glob over whole paths.
public struct TargetPattern: Sendable, Equatable {
    /// As `GLOB` of SQLite has it: `*` (which takes `/` as well), `?`, `[a-z]`, `[^a-z]`. Nil: a path.
    let glob: String?
    /// What every match begins with.
    let prefix: String

    /// Throws for what is longer than any path.
    public init(_ text: String) throws(LocalStoreError) {
        if text.isEmpty || text.utf8.count > 4096 {
            throw LocalStoreError(.request, "--target takes a path or a pattern of 1 to 4096 bytes")
        }
        let isSpecial = { (character: Character) in "*?[".contains(character) }
        if text.contains(where: isSpecial) {
            if text.count(where: { $0 == "*" }) > 8 {
                throw LocalStoreError(.request, "--target takes at most 8 asterisks")
            }
            glob = text
            prefix = String(text.prefix { !isSpecial($0) })
        } else {
            glob = nil
            var path = text[...]
            while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
            prefix = String(path)
        }
    }

    /// The condition on `target.name`, and its arguments. Both forms begin with a range, which the table's index answers.
    var condition: (sql: String, arguments: [String]) {
        if let glob {
            let range = prefix.isEmpty ? ("1", []) : ("name >= ? AND name < ?", [prefix, Self.after(prefix)])
            return ("\(range.0) AND name GLOB ?", range.1 + [glob])
        }
        let below = prefix == "/" ? "/" : prefix + "/"
        return ("(name = ? OR (name >= ? AND name < ?))", [prefix, below, Self.after(below)])
    }

    /// The least text, in the order of bytes, above all that begin with `prefix`.
    static func after(_ prefix: String) -> String {
        // U+10FFFF is the greatest scalar in UTF-8 as well.
        prefix + "\u{10FFFF}"
    }
}
