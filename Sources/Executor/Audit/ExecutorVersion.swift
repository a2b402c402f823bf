/// What this program calls itself in its records.
public enum ExecutorVersion {
    public static let current = "0.1.0"
}
