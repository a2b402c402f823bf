import SystemSupport

/// How often something happened over the last while, in memory that does not grow: sixty slots, of which the oldest is
/// forgotten as a whole. What happened is therefore counted for the window's length, or up to a sixtieth less.
struct SlidingCount: Sendable {
    static let slotCount = 60

    private let slotNanoseconds: UInt64
    private var slots = [UInt32](repeating: 0, count: slotCount)
    /// The number of the newest slot: the time divided by a slot's length.
    private var newest: UInt64 = 0
    /// The sum of the slots.
    private(set) var total = 0

    init(window: Duration) {
        slotNanoseconds = max(1, UInt64(max(1, window.wholeMicroseconds)) * 1000 / UInt64(Self.slotCount))
    }

    /// Forgets what is older than the window. Time never goes back: the caller sees to that.
    mutating func advance(to now: MonotonicTime) {
        let current = now.nanoseconds / slotNanoseconds
        if current <= newest { return }
        if total > 0 {
            for number in stride(from: newest + 1, through: min(current, newest + UInt64(Self.slotCount)), by: 1) {
                let slot = Int(number % UInt64(Self.slotCount))
                total -= Int(slots[slot])
                slots[slot] = 0
            }
        }
        newest = current
    }

    mutating func add(at now: MonotonicTime) {
        advance(to: now)
        let slot = Int(newest % UInt64(Self.slotCount))
        if slots[slot] == .max { return }
        slots[slot] += 1
        total += 1
    }

    mutating func clear() {
        if total == 0 { return }
        for slot in slots.indices { slots[slot] = 0 }
        total = 0
    }
}
