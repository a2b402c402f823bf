import LocalStore
import Testing

@Suite struct AuditIndexTests {
    @Test func opensInMemory() throws {
        _ = try AuditIndex(path: ":memory:")
    }
}
