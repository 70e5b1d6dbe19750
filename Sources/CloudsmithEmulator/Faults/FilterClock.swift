package import AuditRecord

/// The clock of a time filter that compares another time than `event_at`: when the event was written to the log, and for
/// some events even later.
///
/// It is consistent: the same event has the same time in every query. It belongs into `TimeFilter.onClock`.
package struct FilterClock: Sendable, Hashable {
  private let chance: Double
  private let bound: TimeSpan
  private let seed: UInt64

  /// - Parameters:
  ///   - bound: how much later than it was written an event can be found; earlier when negative.
  ///   - chance: the share of events, 0 to 1, that are found at another time than they were written.
  package init(shift bound: TimeSpan = .zero, chance: Double = 1, seed: UInt64 = 1) {
    self.bound = bound
    self.chance = chance
    self.seed = seed
  }

  package func time(of index: Int, in events: EventStore) -> Timestamp {
    let written = events.written(index)
    var random = SplitMix64(seed: seed ^ (UInt64(events.arrival(index)) &* 0x9E37_79B9_7F4A_7C15))
    guard bound != .zero, random.happens(chance) else { return written }
    let shift = Int64(1 + random.below(Int(bound.microseconds.magnitude)))
    return written + TimeSpan(microseconds: bound > .zero ? shift : -shift)
  }
}
