/// Numbers for people: no formatter, no locale.
public enum UnitText {
    /// A metric's value with its unit: `2.31 s`, `212.0 MiB`, `12`.
    public static func of(_ metric: AuditMetric, _ value: Int64) -> String {
        switch metric {
        case .wall: duration(microseconds: value > .max / 1000 ? .max : value * 1000)
        case .cpu: duration(microseconds: value)
        case .pids: count(value)
        case .memory, .ioRead, .ioWrite, .printed, .out: size(value)
        }
    }

    /// `850 us`, `42 ms`, `2.31 s`, `12.5 min`, `3.2 h`.
    public static func duration(microseconds: Int64) -> String {
        let seconds = Double(microseconds) / 1e6
        if microseconds < 1000 { return "\(microseconds) us" }
        if seconds < 1 { return "\(microseconds / 1000) ms" }
        if seconds < 100 { return fixed(seconds, 2) + " s" }
        if seconds < 6000 { return fixed(seconds / 60, 1) + " min" }
        return fixed(seconds / 3600, 1) + " h"
    }

    /// `212.0 MiB`, in the largest unit that leaves at least one.
    public static func size(_ bytes: Int64) -> String {
        for (unit, shift) in [("EiB", 60), ("PiB", 50), ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
            as [(String, Int64)]
        where bytes >> shift > 0 {
            return fixed(Double(bytes) / Double(Int64(1) << shift), 1) + " " + unit
        }
        return "\(bytes) B"
    }

    /// `1,000,000`.
    public static func count(_ number: Int64) -> String {
        var text = ""
        let digits = String(number.magnitude)
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + text
    }

    /// A share in ten-thousandths: `81 %`, `0.4 %`, `100 %`. Rounded down, so that only what reached its limit says so.
    public static func share(_ share: Int64) -> String {
        share < 1000 ? "\(share / 100).\(share % 100 / 10) %" : "\(share / 100) %"
    }

    /// With so many decimals, rounded down.
    static func fixed(_ number: Double, _ decimals: Int) -> String {
        let power: Int64 = decimals == 2 ? 100 : 10
        let scaled = Int64(min(number * Double(power) + 1e-6, 9e18))
        let fraction = String(scaled % power)
        return count(scaled / power) + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
