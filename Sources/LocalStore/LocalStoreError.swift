/// Work on the index that could not be done: one sentence with the object and what to change.
public struct LocalStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// There is no such audit directory, or it cannot be read or written.
        case directory
        /// A file of the audit is not what the index noted.
        case changed
        /// Nothing has the identifier that was asked for, or more than one thing has.
        case notFound
        /// What was asked for makes no sense: a time, a pattern, a number.
        case request
        /// SQLite failed, or the index file could not be written.
        case index
    }

    public var code: Code
    public var description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
