package import AuditRecord

/// How the server interprets `event_at` in a query. Cloudsmith does not document it.
package enum TimeFilter: Sendable, Hashable {
  /// To the microsecond; `>` and `<` exclude the bound, `>=` and `<=` include it.
  case exact
  /// Every bound is included.
  case inclusive
  /// The time of day of a bound is dropped.
  case dayTruncated
  /// Bounds are shifted by the span, as if they were read in another time zone.
  case shifted(TimeSpan)
  /// Terms on `event_at` have no effect.
  case ignored
  /// Terms on `event_at` get a 400 response.
  case rejected
  /// Exact, but compares another time of the event than its `event_at`.
  case onClock(FilterClock)

  /// The expression that a term means; nil if it is refused.
  func apply(_ comparison: TimeComparison) -> QueryExpression? {
    var comparison = comparison
    switch self {
    case .exact: break
    case .inclusive:
      if comparison.relation == .after { comparison.relation = .from }
      if comparison.relation == .before { comparison.relation = .through }
    case .dayTruncated: comparison.bound = Day(containing: comparison.bound).start
    case .shifted(let span): comparison.bound = comparison.bound + span
    case .ignored: return .everything
    case .rejected: return nil
    case .onClock(let clock): comparison.clock = clock
    }
    return .time(comparison)
  }
}

/// One term on `event_at`: `event_at:>="2024-02-12T10:30:45Z"`.
package struct TimeComparison: Sendable, Hashable {
  /// How a time is compared with the bound. Raw values are the operators of the query language.
  package enum Relation: String, Sendable, CaseIterable {
    case from = ">="
    case through = "<="
    case after = ">"
    case before = "<"
    case at = ""
  }

  package var relation: Relation
  package var bound: Timestamp
  /// The time of the event that is compared; nil means its `event_at`.
  package var clock: FilterClock?

  /// The indices of the matching events; nil if they need not be contiguous.
  func range(in events: EventStore) -> Range<Int>? {
    guard clock == nil else { return nil }
    return switch relation {
    case .from: events.firstIndex(from: bound)..<events.count
    case .after: events.firstIndex(after: bound)..<events.count
    case .before: 0..<events.firstIndex(from: bound)
    case .through: 0..<events.firstIndex(after: bound)
    case .at: events.firstIndex(from: bound)..<events.firstIndex(after: bound)
    }
  }

  func matches(_ index: Int, of events: EventStore) -> Bool {
    let time = clock?.time(of: index, in: events) ?? events.time(index)
    return switch relation {
    case .from: time >= bound
    case .after: time > bound
    case .before: time < bound
    case .through: time <= bound
    case .at: time == bound
    }
  }
}

/// A clock for `TimeFilter.onClock`: events are found by the time they were written to the log, some of them even later.
///
/// An event has the same time in every query.
package struct FilterClock: Sendable, Hashable {
  private let chance: Double
  private let bound: TimeSpan
  private let seed: UInt64

  /// - Parameters:
  ///   - bound: how much later than the write an event can be found at most; negative means earlier.
  ///   - chance: the share of events, 0 to 1, that are found at another time than that of the write.
  package init(shift bound: TimeSpan = .zero, chance: Double = 1, seed: UInt64 = 1) {
    self.bound = bound
    self.chance = chance
    self.seed = seed
  }

  /// The time at which a query finds the event.
  package func time(of index: Int, in events: EventStore) -> Timestamp {
    let written = events.written(index)
    var random = SplitMix64(seed: seed ^ (UInt64(events.arrival(index)) &* 0x9E37_79B9_7F4A_7C15))
    guard bound != .zero, random.happens(chance) else { return written }
    let shift = Int64(1 + random.below(Int(bound.microseconds.magnitude)))
    return written + TimeSpan(microseconds: bound > .zero ? shift : -shift)
  }
}
