package import AuditRecord

/// A query for events by time: at or after one instant, before another, or both.
///
/// The grammar is Cloudsmith's, but that it takes RFC 3339 times is not documented: see `FilteredWalk`.
package struct FilterQuery: Hashable, Sendable {
  package var from: Timestamp?
  package var to: Timestamp?

  package init(from: Timestamp? = nil, to: Timestamp? = nil) {
    self.from = from
    self.to = to
  }

  /// `event_at:>="2024-02-12T00:00:00.000000Z" AND event_at:<"2024-02-13T00:00:00.000000Z"`, and whatever else is asked
  /// for, in parentheses before it; nil when nothing is asked for.
  package func text(with other: String?) -> String? {
    let bounds = [from.map { "event_at:>=\"\($0)\"" }, to.map { "event_at:<\"\($0)\"" }].compactMap(\.self)
    if bounds.isEmpty { return other }
    return (other.map { ["(\($0))"] + bounds } ?? bounds).joined(separator: " AND ")
  }
}
