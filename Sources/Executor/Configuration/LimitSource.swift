/// Who set a limit.
public enum LimitSource: Sendable, Hashable, CustomStringConvertible {
    /// Nobody.
    case standard
    /// The scanner's profile.
    case profile(file: String, line: Int?)
    /// `scanners` of the configuration.
    case configuration(file: String, line: Int?)
    /// An option of the command line.
    case option
    /// A task from a queue.
    case task

    /// For programs.
    public var name: String {
        switch self {
        case .standard: "default"
        case .profile: "profile"
        case .configuration: "configuration"
        case .option: "option"
        case .task: "task"
        }
    }

    /// The file and the line, where it is a file's.
    public var place: (file: String, line: Int?)? {
        switch self {
        case .profile(let file, let line), .configuration(let file, let line): (file, line)
        case .standard, .option, .task: nil
        }
    }

    /// `configuration /etc/scan-executor/config.yaml:12`.
    public var description: String {
        guard let (file, line) = place else { return name }
        return "\(name) \(file)" + (line.map { ":\($0)" } ?? "")
    }

    /// True for what one run asks for, as against what all runs of its type have.
    var isOfOneRun: Bool { self == .option || self == .task }
}
