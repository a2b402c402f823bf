import CgroupV2
import Glibc
import SystemSupport

/// The pressure files of the whole host (`/proc/pressure`, Documentation/accounting/psi.rst), kept open: a reading is
/// three read(2)s of about two microseconds each. Empty where the kernel has no PSI, or it is off (`psi=1` turns it on).
struct HostPressure: ~Copyable, Sendable {
    private let cpu: OwnedDescriptor?
    private let memory: OwnedDescriptor?
    private let io: OwnedDescriptor?

    init() {
        let cpu = try? OwnedDescriptor.open("/proc/pressure/cpu", O_RDONLY)
        let memory = try? OwnedDescriptor.open("/proc/pressure/memory", O_RDONLY)
        let io = try? OwnedDescriptor.open("/proc/pressure/io", O_RDONLY)
        self.cpu = consume cpu
        self.memory = consume memory
        self.io = consume io
    }

    borrowing func reading() -> RunFacts.HostPressure {
        RunFacts.HostPressure(
            cpu: Self.someMicroseconds(cpu), memory: Self.someMicroseconds(memory), io: Self.someMicroseconds(io))
    }

    /// The total of the `some` line, for the host's `full` line of cpu means nothing.
    private static func someMicroseconds(_ file: borrowing OwnedDescriptor?) -> Int64? {
        switch file {
        case .some(let file):
            // Two lines of about 70 bytes.
            withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { buffer in
                let count = pread(file.raw, buffer.baseAddress, buffer.count, 0)
                if count <= 0 { return nil }
                let text = String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
                return Pressure(parsing: text)?.some?.total.wholeMicroseconds
            }
        case .none: nil
        }
    }
}
