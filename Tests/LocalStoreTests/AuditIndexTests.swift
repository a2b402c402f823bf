import LocalStore
import Testing

@Suite struct AuditIndexTests {
    @Test func x() throws {
        
    }
}
