import Glibc
import SystemSupport

/// The extended attribute that carries the lease.
public enum LeaseAttribute: String, Sendable, CaseIterable {
    /// cgroup2 takes user attributes since Linux 5.7.
    case user = "user.scan_executor.lease"
    /// Before that only trusted ones, which need CAP_SYS_ADMIN to write and to see.
    case trusted = "trusted.scan_executor.lease"
}

extension CgroupDirectory {
    /// Writes the lease; returns the attribute that took it.
    @discardableResult
    borrowing func setLease(_ lease: Lease) throws(CgroupError) -> LeaseAttribute {
        let value = try LeaseCodec.encode(lease)
        do {
            try files.descriptor.setAttribute(LeaseAttribute.user.rawValue, to: value, object: path)
            return .user
        } catch {
            if error.errno.rawValue != EOPNOTSUPP { throw CgroupError(error) }
        }
        try cgroupCall { () throws(SystemError) in
            try files.descriptor.setAttribute(LeaseAttribute.trusted.rawValue, to: value, object: path)
        }
        return .trusted
    }

    /// What is on the cgroup: nothing, something unreadable, or a lease.
    borrowing func lease() -> LeaseReading {
        for attribute in LeaseAttribute.allCases {
            do {
                let value = try files.descriptor.attribute(attribute.rawValue, limit: LeaseCodec.limit, object: path)
                if let value { return LeaseCodec.decode(value).map(LeaseReading.lease) ?? .unreadable }
            } catch {
                // ERANGE: longer than any lease of ours. EOPNOTSUPP: a kernel without this kind of attribute.
                if error.errno.rawValue == ERANGE { return .unreadable }
            }
        }
        return .none
    }
}

enum LeaseReading: Sendable, Equatable {
    case none
    case unreadable
    case lease(Lease)
}
