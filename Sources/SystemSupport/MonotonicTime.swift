import Glibc

/// A moment on CLOCK_MONOTONIC: what deadlines are counted on, and what pid 1 stamps its records with.
public struct MonotonicTime: Sendable, Hashable, Comparable {
    /// Nanoseconds since an unspecified start, clock_gettime(2).
    public let nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Saturates at both ends: a deadline of 2^63 seconds is one that never comes.
    public static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        let microseconds = duration.wholeMicroseconds
        if microseconds < 0 {
            let back = microseconds.magnitude.multipliedReportingOverflow(by: 1000)
            return MonotonicTime(
                nanoseconds: back.overflow || back.partialValue > time.nanoseconds
                    ? 0 : time.nanoseconds - back.partialValue)
        }
        let ahead = UInt64(microseconds).multipliedReportingOverflow(by: 1000)
        let sum = time.nanoseconds.addingReportingOverflow(ahead.partialValue)
        return MonotonicTime(nanoseconds: ahead.overflow || sum.overflow ? .max : sum.partialValue)
    }

    public static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        left >= right
            ? .nanoseconds(Int64(clamping: left.nanoseconds - right.nanoseconds))
            : .nanoseconds(-Int64(clamping: right.nanoseconds - left.nanoseconds))
    }
}
