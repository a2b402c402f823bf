import Executor

/// Times as the audit writes them, and as people ask for them.
public enum TimeText {
    /// Milliseconds since 1970 of `2026-03-01`, `2026-03-01T12:34Z`, `2026-03-01T12:34:56.789Z`, `…+02:00` (RFC 3339; a date alone is
    /// its midnight in UTC, a time without a zone is UTC). Nil for anything else, years outside 1970 to 9999 included.
    public static func milliseconds(_ text: String) -> Int64? {
        var rest = text.utf8[...]
        guard let year = number(&rest, 4), take(&rest, "-"), let month = number(&rest, 2), take(&rest, "-"),
            let day = number(&rest, 2), year >= 1970, (1...12).contains(month),
            (1...daysIn(month, year)).contains(day)
        else { return nil }
        var result = dayNumber(year, month, day) * 86_400_000
        if rest.isEmpty { return result }
        guard take(&rest, "T") || take(&rest, " "), let hour = number(&rest, 2), take(&rest, ":"),
            let minute = number(&rest, 2), hour < 24, minute < 60
        else { return nil }
        result += (hour * 60 + minute) * 60_000
        if take(&rest, ":") {
            // 60: a leap second.
            guard let second = number(&rest, 2), second <= 60 else { return nil }
            result += second * 1000
            if take(&rest, ".") {
                guard let fraction = fraction(&rest) else { return nil }
                result += fraction
            }
        }
        guard let offset = zone(&rest), rest.isEmpty else { return nil }
        return result - offset
    }

    /// A moment, or how long ago: `90m`, `24h`, `7d`.
    ///
    /// - Parameter now: milliseconds since 1970.
    public static func moment(_ text: String, now: Int64) -> Int64? {
        let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
        if let last = text.last, let unit = units[last], let count = Int64(text.dropLast()), count >= 0,
            text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") })
        {
            let (span, over) = count.multipliedReportingOverflow(by: unit)
            return over ? 0 : max(0, now - min(now, span))
        }
        return milliseconds(text)
    }

    /// `2026-03-01`.
    public static func day(_ number: Int64) -> String {
        String(Timestamp(milliseconds: number * 86_400_000).description.prefix(10))
    }

    /// `2026-03-01 12:34:56`, in UTC.
    public static func seconds(_ milliseconds: Int64) -> String {
        String(Timestamp(milliseconds: milliseconds).description.prefix(19).map { $0 == "T" ? " " : $0 })
    }

    private static func number(_ rest: inout Substring.UTF8View, _ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            rest.removeFirst()
        }
        return value
    }

    /// Milliseconds; further digits are passed over.
    private static func fraction(_ rest: inout Substring.UTF8View) -> Int64? {
        var value: Int64 = 0
        var count = 0
        while let digit = number(&rest, 1) {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        if count == 0 || count > 9 { return nil }
        for _ in count..<max(3, count) { value *= 10 }
        return value
    }

    /// Milliseconds ahead of UTC.
    private static func zone(_ rest: inout Substring.UTF8View) -> Int64? {
        if rest.isEmpty || take(&rest, "Z") || take(&rest, "z") { return 0 }
        let sign: Int64
        if take(&rest, "+") { sign = 1 } else if take(&rest, "-") { sign = -1 } else { return nil }
        guard let hours = number(&rest, 2), take(&rest, ":"), let minutes = number(&rest, 2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes) * 60_000
    }

    private static func take(_ rest: inout Substring.UTF8View, _ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01, counting years from 1 March so that a leap day is the last of its year.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
