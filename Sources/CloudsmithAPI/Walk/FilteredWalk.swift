package import AuditRecord

/// Decides which page of a filtered list to read next, and whether all events of a window have been received.
///
/// Cloudsmith does not document how the filter treats times, so its answers count only if they agree with each other:
/// * The counts before the two ends of a span must differ by exactly the distinct events shown between them.
/// * The counts before and after the end of the span must add up to the whole list.
///
/// A filter that is ignored, refused, cut off or hides events does not pass. The span is wider than the window by `margin`,
/// so the filter may drop the time of day, use another time zone, or follow another clock by as much. The caller filters
/// every event again.
///
/// One fault stays hidden: an event that the filter files under a time farther away than the margin.
///
/// No I/O: an answer goes in (`receive`), and `next` says what to do.
package struct FilteredWalk: Sendable {
  package enum Step: Hashable, Sendable {
    /// Ask how many events match: page 1, with one event.
    case count(FilterQuery)
    case read(page: Int, FilterQuery)
    case finished(PageWalk.Ending)
  }

  /// By how much the span is wider than the window on each side.
  package static let margin = TimeSpan.days(2)
  /// How far outside the span an event may lie, because the filter uses another time zone.
  static let zones = TimeSpan.hours(15)
  /// The most readings of the list before the walk gives up.
  package static let passLimit = 6

  /// What to do next.
  package private(set) var next: Step
  /// Pages received.
  package private(set) var pages = 0

  private let span: Window
  /// The count of the whole list when it was read last.
  private let known: Int
  private var passes = 1
  /// The number of events before the span, before its end, and after it. The whole list is counted last.
  private var counts: [Int] = []
  /// The count of the span; nil before its first answer.
  private var expected: Int?
  /// Events received since the count last changed.
  private var received: Set<IdentityHash> = []

  /// - Parameter known: the count of the whole list when it was read last without the filter; nil if unknown.
  package init(_ window: Window, known: Int? = nil) {
    self.known = known ?? 0
    span = Window(
      from: max(.earliest, window.from - FilteredWalk.margin),
      to: min(.latest, window.to + FilteredWalk.margin))
    next = .count(FilterQuery(to: span.from))
  }

  /// Takes the page that `next` asked for.
  package mutating func receive(_ page: PageView) {
    switch next {
    case .count: receiveCount(page)
    case .read(let number, _): receive(page, number)
    case .finished: break
    }
  }

  /// Takes a 404 for the page that `next` asked for.
  package mutating func receivePastTheEnd() {
    switch next {
    case .count: receive(count: 0)
    case .read: next = .count(FilterQuery(to: span.to))
    case .finished: break
    }
  }

  /// Takes a refusal of the page that `next` asked for, or the lack of an answer.
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
      // A filter that finds nothing at all also counts nothing before the span and nothing in it.
      guard count - counts[0] == shown, shown == expected ?? 0, count > 0, !ListCount.isRound(shown) else {
        return readAgain(expected: count - counts[0], found: shown)
      }
      next = .count(FilterQuery(from: span.to))
    case 3: next = .count(FilterQuery())
    default:
      // Counted last: an event that arrives meanwhile can only spoil the sum, never make it fit.
      guard counts[1] + counts[2] == count, count * 100 >= known * 99 else {
        return readAgain(expected: count, found: counts[1] + counts[2])
      }
      next = .finished(.endOfList)
    }
  }

  private mutating func receive(_ page: PageView, _ number: Int) {
    pages += 1
    // An empty list has no count.
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
    // A page that is short in the middle of the list.
    if let size = page.pagination.pageSize, page.records.count < min(size, count - (number - 1) * size) {
      return readAgain(expected: count, found: received.count)
    }
    // A list never has more pages than records.
    let isLast = page.isLast || page.records.isEmpty || number >= count
    next = isLast ? .count(FilterQuery(to: span.to)) : .read(page: number + 1, list)
  }

  private mutating func readAgain(expected: Int, found: Int) {
    passes += 1
    // More events than there are: the list has changed without notice.
    if found > expected { received = [] }
    self.expected = nil
    counts = []
    next =
      passes > FilteredWalk.passLimit
      ? .finished(.unproven(.unreconciled(expected: expected, found: found)))
      : .count(FilterQuery(to: span.from))
  }
}

/// A search query for events by time: at or after `from`, before `to`, or both.
///
/// The syntax is Cloudsmith's. Cloudsmith does not document that it takes RFC 3339 times; see `FilteredWalk`.
package struct FilterQuery: Hashable, Sendable {
  package var from: Timestamp?
  package var to: Timestamp?

  package init(from: Timestamp? = nil, to: Timestamp? = nil) {
    self.from = from
    self.to = to
  }

  /// `event_at:>="2024-02-12T00:00:00.000000Z" AND event_at:<"2024-02-13T00:00:00.000000Z"`, after `other` in parentheses.
  /// Nil if there is no condition at all.
  package func text(with other: String?) -> String? {
    let bounds = [from.map { "event_at:>=\"\($0)\"" }, to.map { "event_at:<\"\($0)\"" }].compactMap(\.self)
    if bounds.isEmpty { return other }
    return (other.map { ["(\($0))"] + bounds } ?? bounds).joined(separator: " AND ")
  }
}
