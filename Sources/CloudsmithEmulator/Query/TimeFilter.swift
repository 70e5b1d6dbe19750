package import AuditRecord

/// How the server understands the times of `event_at` in a query. How Cloudsmith does is not documented.
package enum TimeFilter: Sendable, Hashable {
  /// To the microsecond, `>` and `<` without the bound itself, `>=` and `<=` with it.
  case exact
  /// As if every bound were included.
  case inclusive
  /// The time of day of a bound is dropped.
  case dayTruncated
  /// Bounds are read in another zone: an event is compared with the bound moved by the span.
  case shifted(TimeSpan)
  /// Terms on `event_at` have no effect.
  case ignored
  /// Terms on `event_at` are answered with 400.
  case rejected
  /// Exact, but on another time of the event than its `event_at`.
  case onClock(FilterClock)

  /// What a term of a query comes to; nil when it is refused.
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
  package enum Relation: String, Sendable, CaseIterable {
    case from = ">="
    case through = "<="
    case after = ">"
    case before = "<"
    case at = ""
  }

  package var relation: Relation
  package var bound: Timestamp
  /// Which time of an event is compared; nil is its `event_at`.
  package var clock: FilterClock?

  /// The indices of the events that it admits, of a store in its order; nil when these can lie apart.
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

  func admits(_ index: Int, of events: EventStore) -> Bool {
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
