package import AuditRecord

/// What the API makes of bounds on `event_at` in a query, as far as a probe shows it.
package enum FilterVerdict: String, Hashable, Sendable, CaseIterable {
  /// As written.
  case exact
  /// As written, but that the end belongs to the window.
  case inclusive
  /// Without the time of day.
  case dayTruncated = "day-truncated"
  /// Moved to an earlier or later time, as by another zone.
  case shifted
  /// Without effect.
  case ignored
  /// The API refuses the query.
  case rejected
  /// It could not be told, or the answers fit nothing that can be relied on.
  case inconclusive

  package var isUsable: Bool {
    switch self {
    case .exact, .inclusive, .dayTruncated: true
    case .shifted, .ignored, .rejected, .inconclusive: false
    }
  }

  /// The smallest step between zones. Bounds that a probe finds right are off by less: it would not notice that they lose
  /// their seconds.
  package static let leastStep = TimeSpan.minutes(15)

  /// What is asked for more on both sides: that, and the hour by which a zone that is right today can be wrong in summer.
  package static let margin = TimeSpan.minutes(75)

  /// A query whose answer has every event of the window. It has others too, which the caller drops.
  package func query(for window: Window) -> FilterQuery {
    switch self {
    case .exact, .inclusive, .shifted, .ignored, .rejected, .inconclusive:
      return FilterQuery(
        from: max(.earliest, window.from - FilterVerdict.margin),
        to: min(.latest, window.to + FilterVerdict.margin))
    case .dayTruncated:
      // A day more on both sides: whose midnight it is cannot always be seen.
      guard let days = window.days else { return FilterQuery(from: window.from, to: window.to) }
      return FilterQuery(
        from: max(.earliest, days.lowerBound.previous.start),
        to: min(.latest, days.upperBound.next.end))
    }
  }
}
