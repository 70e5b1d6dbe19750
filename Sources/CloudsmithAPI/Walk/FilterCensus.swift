import AuditRecord

/// Whether a filter by time hides events: what lies before an instant and what does not must together be all there is.
///
/// However the filter understands the instant, an event that it does not know of is in neither part. The whole is
/// counted last: an event that arrives meanwhile makes it larger, so growth can spoil the sum, but never mend it.
///
/// No input or output: a count goes in (`receive`), `next` says what to do.
struct FilterCensus: Sendable {
  /// What to count next; nil when all is counted.
  private(set) var next: FilterQuery?
  private let cut: Timestamp
  private var counts: [Int] = []

  init(cut: Timestamp) {
    self.cut = cut
    next = FilterQuery(to: cut)
  }

  /// Whether the parts are the whole; nil while something is to be counted.
  var addsUp: Bool? {
    guard next == nil else { return nil }
    return counts.count == 3 && counts[0] + counts[1] == counts[2]
  }

  /// Takes how many events the query asked for by `next` has; nil where the API did not say.
  mutating func receive(_ count: Int?) {
    guard let count else {
      next = nil
      return
    }
    counts.append(count)
    next =
      switch counts.count {
      case 1: FilterQuery(from: cut)
      case 2: FilterQuery()
      default: nil
      }
  }
}
