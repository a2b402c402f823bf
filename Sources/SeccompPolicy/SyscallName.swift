import CSeccomp

/// Names and numbers of system calls on the native architecture, as libseccomp knows them.
public enum SyscallName {
    /// Why a name has no number.
    public enum Unknown: Error, Sendable {
        /// No architecture has it, as far as this libseccomp knows.
        case everywhere
        /// Another architecture has it.
        case here
    }

    /// The number for a name.
    public static func number(for name: String) throws(Unknown) -> Int32 {
        // A name with a NUL would be cut short in C and might then be a known one.
        if name.utf8.contains(0) { throw .everywhere }
        let result = name.withCString { csec_syscall_number($0) }
        if result >= 0 { return Int32(result) }
        throw result == CSEC_FOREIGN_NAME ? .here : .everywhere
    }

    /// The name for a number, `openat`; nil where this libseccomp knows none.
    public static func name(for number: Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let length = csec_syscall_name(number, buffer.baseAddress, buffer.count)
            return length < 0 ? nil : String(cString: buffer.baseAddress.unsafelyUnwrapped)
        }
    }

    /// The architecture that filters are compiled for, as profiles write it.
    public static var nativeArchitecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "audit-arch-\(csec_native_audit_arch())"
        #endif
    }

    /// The same as AUDIT_ARCH_* of <linux/audit.h>.
    public static var nativeAuditArchitecture: UInt32 { csec_native_audit_arch() }

    /// libseccomp's version: `2.5.4`.
    public static var libraryVersion: String {
        let version = csec_library_version()
        return "\(version / 1_000_000).\(version / 1000 % 1000).\(version % 1000)"
    }
}
