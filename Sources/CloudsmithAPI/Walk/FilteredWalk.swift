package import AuditRecord

/// Decides which page of a filtered list to read next, and whether all events of a window have been received.
///
/// The time filter's grammar is not documented, so its answers are evidence only where they agree with each other. The
/// events that it counts before the two ends of a span must differ by exactly the distinct events that it shows between
/// them; and what it counts before the end of the span and after it must be all that the list has. A filter that is
/// ignored, refused, cut off or hides events does not pass. The span is wider than the window by `margin`, so that a filter
/// may drop the time of day, be in another zone, or follow another clock by as much; every event is filtered again on our
/// side.
///
/// What this cannot show: an event that the filter files under a time farther away than the margin.
///
/// No input or output: an answer goes in (`receive`), `next` says what to do.
package struct FilteredWalk: Sendable {
  package enum Step: Hashable, Sendable {
    /// How many events a query has: its first page, of one event.
    case count(FilterQuery)
    case read(page: Int, FilterQuery)
    case finished(PageWalk.Ending)
  }

  /// How much wider than the window the span is on both sides.
  package static let margin = TimeSpan.days(2)
  /// How far outside of the span an event may lie: by the zone that a filter has in mind.
  static let zones = TimeSpan.hours(15)
  /// How often the list is read before the walk gives it up.
  package static let passLimit = 6

  package private(set) var next: Step
  /// Pages received.
  package private(set) var pages = 0

  private let span: Window
  /// What the list counted before.
  private let known: Int
  private var passes = 1
  /// Events before the span; before its end; after it. What is counted next is the whole list.
  private var counts: [Int] = []
  /// What the list of the span counts; nil until it has told.
  private var expected: Int?
  /// What was received since the count last changed.
  private var received: Set<IdentityHash> = []

  /// - Parameter known: what the list counted when it was read last, without the filter.
  package init(_ window: Window, known: Int? = nil) {
    self.known = known ?? 0
    span = Window(
      from: max(.earliest, window.from - FilteredWalk.margin),
      to: min(.latest, window.to + FilteredWalk.margin))
    next = .count(FilterQuery(to: span.from))
  }

  package mutating func receive(_ page: PageView) {
    switch next {
    case .count: receiveCount(page)
    case .read(let number, _): receive(page, number)
    case .finished: break
    }
  }

  /// Takes a 404 for what `next` asked for.
  package mutating func receivePastTheEnd() {
    switch next {
    case .count: receive(count: 0)
    case .read: next = .count(FilterQuery(to: span.to))
    case .finished: break
    }
  }

  /// Takes note that the API refuses what `next` asked for, or does not answer it.
  package mutating func receiveRefusal() {
    next = .finished(.unproven(.filterFailed))
  }

  private var list: FilterQuery { FilterQuery(from: span.from, to: span.to) }

  private mutating func receiveCount(_ page: PageView) {
    guard let count = page.pagination.count ?? (page.records.isEmpty ? 0 : nil) else {
      return receiveRefusal()
    }
    receive(count: count)
  }

  private mutating func receive(count: Int) {
    counts.append(count)
    let shown = received.count
    switch counts.count {
    case 1: next = .read(page: 1, list)
    case 2:
      // Nothing before the span and nothing in it can also be a filter that finds nothing at all.
      guard count - counts[0] == shown, shown == expected ?? 0, count > 0, !PageWalk.isRound(shown) else {
        return readAgain(expected: count - counts[0], found: shown)
      }
      next = .count(FilterQuery(from: span.to))
    case 3: next = .count(FilterQuery())
    default:
      // Counted last: an event that arrives meanwhile can spoil the sum, but never mend it.
      guard counts[1] + counts[2] == count, count * 100 >= known * 99 else {
        return readAgain(expected: count, found: counts[1] + counts[2])
      }
      next = .finished(.endOfList)
    }
  }

  private mutating func receive(_ page: PageView, _ number: Int) {
    pages += 1
    // An empty list says nothing of itself.
    guard let count = page.pagination.count ?? (page.records.isEmpty ? (number == 1 ? 0 : expected) : nil)
    else {
      next = .finished(.unproven(.unreconciled(expected: nil, found: page.records.count)))
      return
    }
    if let oldest = page.oldest,
      oldest < span.from - FilteredWalk.zones || page.newest > span.to + FilteredWalk.zones
    {
      return receiveRefusal()
    }
    if let expected, expected != count { return readAgain(expected: count, found: received.count) }
    expected = count
    for record in page.records { received.insert(record.identity) }
    // A page that is short in mid-list: there would be no end of them.
    if let size = page.pagination.pageSize, page.records.count < min(size, count - (number - 1) * size) {
      return readAgain(expected: count, found: received.count)
    }
    // No list has more pages than records, whatever its fields say.
    let isLast = page.isLast || page.records.isEmpty || number >= count
    next = isLast ? .count(FilterQuery(to: span.to)) : .read(page: number + 1, list)
  }

  private mutating func readAgain(expected: Int, found: Int) {
    passes += 1
    // More than there are: the list has changed without a word.
    if found > expected { received = [] }
    self.expected = nil
    counts = []
    next =
      passes > FilteredWalk.passLimit
      ? .finished(.unproven(.unreconciled(expected: expected, found: found)))
      : .count(FilterQuery(to: span.from))
  }
}

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
